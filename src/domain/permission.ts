import type { Role, Scope } from './organization/events.ts';

/** Who of an organization may do something: members in one of the roles, API keys with one of the scopes. */
export type Grant = { readonly roles: readonly Role[]; readonly scopes: readonly Scope[] };

/**
 * What it takes to do something. `own`: with what belongs to the organization, licenses it has issued among them;
 * `held`: with licenses it only holds. Null: nobody may.
 */
export type Permission = { readonly own: Grant; readonly held: Grant | null };

/** On which side of a thing an organization stands. */
export type Side = keyof Permission;

/** What somebody acts for an organization with: a membership in a role, or an API key with scopes. */
export type Credential =
  | { readonly kind: 'user'; readonly role: Role }
  | { readonly kind: 'apiKey'; readonly scopes: readonly Scope[] };

/** Returns true when a credential may do something on one side, or on any when none is named. */
export const isPermitted = (credential: Credential, { own, held }: Permission, side?: Side): boolean => {
  if (side === undefined) return isGranted(credential, own) || isGranted(credential, held);
  return isGranted(credential, side === 'own' ? own : held);
};

/** Returns what a credential lacks, as a sentence for the refusal. */
export const lacking = (credential: Credential, { own, held }: Permission, side?: Side): string => {
  const grants = (side === undefined ? [own, held] : [side === 'own' ? own : held]).filter((each) => each !== null);
  const listed = (of: (grant: Grant) => readonly string[]) => [...new Set(grants.flatMap(of))].join(' or ');
  if (credential.kind === 'user')
    return `This takes the role ${listed(({ roles }) => roles)}; yours is ${credential.role}.`;
  const scopes = listed((grant) => grant.scopes);
  return scopes === '' ? 'No API key may do this; sign in as a user.' : `This API key has not the scope ${scopes}.`;
};

/** The roles that permissions are most often granted to. */
export const managers: readonly Role[] = ['OWNER', 'ADMIN'];
export const readers: readonly Role[] = ['OWNER', 'ADMIN', 'MEMBER', 'BILLING', 'AUDITOR'];

/** Returns a grant to members in one of the roles and to API keys with one of the scopes. */
export const grant = (roles: readonly Role[], ...scopes: readonly Scope[]): Grant => ({ roles, scopes });

/** Returns a permission that reaches only to what belongs to the organization. */
export const ownOnly = (own: Grant): Permission => ({ own, held: null });

const isGranted = (credential: Credential, granted: Grant | null): boolean => {
  if (granted === null) return false;
  return credential.kind === 'user'
    ? granted.roles.includes(credential.role)
    : granted.scopes.some((scope) => credential.scopes.includes(scope));
};
