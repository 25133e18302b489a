import type { Role, Scope } from './organization/events.ts';

/** Lists who may do something: members in one of the roles, API keys with one of the scopes. */
export type Grant = { readonly roles: readonly Role[]; readonly scopes: readonly Scope[] };

/**
 * Lists who may do something. `own`: with objects of the organization, such as the licenses it issued; `holder`: with
 * licenses that it only holds. Null: nobody may.
 */
export type Permission = {
  readonly own: Grant;
  readonly holder: Grant | null;
  /**
   * True: an API key that is limited to products may have it, because its products bound what it reaches. Absent:
   * false.
   */
  readonly boundByProducts?: true;
};

/** The side of an organization: it owns the object, or is its holder. */
export type Side = 'own' | 'holder';

/** The credential of a caller: a membership in a role, or an API key with scopes. */
export type Credential =
  | { readonly kind: 'user'; readonly role: Role }
  | {
      readonly kind: 'apiKey';
      readonly scopes: readonly Scope[];
      /** The only products that the key reaches; null or absent: all. */
      readonly products?: readonly string[] | null;
    };

/** Returns the products that a credential is limited to. Returns null when it reaches all. */
export const productsOf = (credential: Credential): readonly string[] | null =>
  credential.kind === 'apiKey' ? (credential.products ?? null) : null;

/** Returns true when all `products` are among those of `limit`. A null limit has all products. */
export const isWithinProducts = (products: readonly string[], limit: readonly string[] | null): boolean =>
  limit === null || products.every((product) => limit.includes(product));

/** Returns true when a credential may do something on this side; without `side`, on any side. */
export const isPermitted = (
  credential: Credential,
  { own, holder, boundByProducts }: Permission,
  side?: Side,
): boolean => {
  if (boundByProducts !== true && productsOf(credential) !== null) return false;
  if (side === undefined) return isGranted(credential, own) || isGranted(credential, holder);
  return isGranted(credential, side === 'own' ? own : holder);
};

/** Returns the sentence of a refusal: which role or scope the caller needs, or that this side may not do it at all. */
export const lacking = (credential: Credential, permission: Permission, side?: Side): string => {
  const { own, holder } = permission;
  if (permission.boundByProducts !== true && productsOf(credential) !== null)
    return 'This API key is limited to products. Use one without this limit, or sign in.';
  const grants = (side === undefined ? [own, holder] : [side === 'own' ? own : holder]).filter((side) => side !== null);
  if (grants.length === 0) return 'Only the issuer may do this.';
  const listed = (of: (grant: Grant) => readonly string[]) => [...new Set(grants.flatMap(of))].join(' or ');
  if (credential.kind === 'user')
    return `This takes the role ${listed(({ roles }) => roles)}; yours is ${credential.role}.`;
  const scopes = listed((grant) => grant.scopes);
  return scopes === ''
    ? 'No API key may do this; sign in as a user.'
    : `This API key does not have the scope ${scopes}.`;
};

/** The roles that permissions are most often granted to. */
export const managers: readonly Role[] = ['OWNER', 'ADMIN'];
export const readers: readonly Role[] = [...managers, 'MEMBER', 'BILLING', 'AUDITOR', 'SUPPORT', 'SALES', 'DEVELOPER'];

/** Returns a grant to members in one of the roles and to API keys with one of the scopes. */
export const grant = (roles: readonly Role[], ...scopes: readonly Scope[]): Grant => ({ roles, scopes });

/** Returns a permission for the organization's own objects only. */
export const ownOnly = (own: Grant): Permission => ({ own, holder: null });

/** Returns the permission that API keys limited to products may have, too. */
export const withinProducts = (permission: Permission): Permission => ({ ...permission, boundByProducts: true });

const isGranted = (credential: Credential, granted: Grant | null): boolean => {
  if (granted === null) return false;
  return credential.kind === 'user'
    ? granted.roles.includes(credential.role)
    : granted.scopes.some((scope) => credential.scopes.includes(scope));
};
