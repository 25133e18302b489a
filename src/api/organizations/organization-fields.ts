import { isName, nameMax, nameRule } from '../../domain/names.ts';
import { text } from '../schemas.ts';

/** Returns the schema of a name. `thing` has its article: an API key, a project. */
export const nameOf = (thing: string) => text(nameMax).refine(isName, nameRule(thing));
