import { isName, nameMax, nameRule } from '../../domain/names.ts';
import { text } from '../schemas.ts';

/** The name of `named`, which is given with its article: an API key, a project. */
export const nameOf = (named: string) => text(nameMax).refine(isName, nameRule(named));
