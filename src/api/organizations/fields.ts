import { isName, nameMax, nameRule } from '../../domain/names.ts';
import type { Scope } from '../../domain/organization/events.ts';
import { text } from '../schemas.ts';

/** The name of `named`, which is given with its article: an API key, a project. */
export const nameOf = (named: string) => text(nameMax).refine(isName, nameRule(named));

/** Everything an API key may be allowed. */
export const scopes = [
  ...(['licenses:read', 'licenses:write', 'licenses:activate', 'catalog:write'] as const),
  ...(['events:read', 'webhooks:write', 'members:write', 'projects:write'] as const),
] as const satisfies readonly Scope[];
