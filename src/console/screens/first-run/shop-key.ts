import type { Role, Scope } from '../../../domain/organization/events.ts';
import { refuseScopes } from '../../../domain/organization/organization-authority.ts';

/** The scopes of the key of a shop, which issues licenses. */
export const shopScopes: readonly Scope[] = ['licenses:read', 'licenses:write'];

/** Returns true when a role has the rights of the key. Nobody hands on more than that. */
export const mayCreateShopKey = (role: Role): boolean => refuseScopes({ kind: 'member', role }, shopScopes) === null;
