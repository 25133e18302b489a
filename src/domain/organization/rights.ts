import { type Credential, isPermitted, type Side } from '../authority.ts';
import { type PermissionName, permissions } from '../permissions.ts';
import { type Role, roles, type Scope } from './events.ts';

/**
 * Something that a credential may do: a permission, with objects of the organization or with licenses that it holds.
 */
export type Right = `${PermissionName} (${Side})`;

/** Returns everything that a member in this role may do. */
export const rightsOfRole = (role: Role): readonly Right[] => ofRoles[role];

/**
 * Returns everything that an API key with these scopes may do. It is never all that an ADMIN may do, because no scope
 * permits to change the organization or to hand out the token of an invitation.
 */
export const rightsOfScopes = (scopes: readonly Scope[], products: readonly string[] | null = null): readonly Right[] =>
  rightsOf({ kind: 'apiKey', scopes, products });

/** Returns the rights in `granted` that `own` does not contain. Nobody hands on such a right. */
export const rightsBeyond = (own: readonly Right[], granted: readonly Right[]): readonly Right[] =>
  granted.filter((right) => !own.includes(right));

const names = Object.keys(permissions) as PermissionName[];
const sides: readonly Side[] = ['own', 'holder'];

const rightsOf = (credential: Credential): readonly Right[] =>
  sides.flatMap((side) =>
    names.filter((name) => isPermitted(credential, permissions[name], side)).map((name): Right => `${name} (${side})`),
  );

const ofRoles = Object.fromEntries(roles.map((role) => [role, rightsOf({ kind: 'user', role })])) as Readonly<
  Record<Role, readonly Right[]>
>;
