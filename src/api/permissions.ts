import type { Role, Scope } from '../domain/organization/events.ts';
import type { Caller } from './caller.ts';

/** Who of an organization may do something: members in one of the roles, API keys with one of the scopes. */
export type Grant = { readonly roles: readonly Role[]; readonly scopes: readonly Scope[] };

/**
 * What it takes to do something. `own`: with what belongs to the caller's organization, licenses it has issued among them;
 * `held`: with licenses it only holds. Null: nobody may.
 */
export type Permission = { readonly own: Grant; readonly held: Grant | null };

/** On which side of a thing the caller's organization stands. */
export type Side = keyof Permission;

const everybody: readonly Role[] = ['OWNER', 'ADMIN', 'MEMBER', 'GUEST', 'BILLING', 'AUDITOR'];
const managers: readonly Role[] = ['OWNER', 'ADMIN'];
const readers: readonly Role[] = ['OWNER', 'ADMIN', 'MEMBER', 'BILLING', 'AUDITOR'];

const grant = (roles: readonly Role[], ...scopes: readonly Scope[]): Grant => ({ roles, scopes });
const ownOnly = (own: Grant): Permission => ({ own, held: null });

/**
 * Every permission there is; each route names one. Finer rules stand with what they protect: BILLING suspends and reinstates
 * for PAYMENT only (src/api/licenses/billing.ts), nobody acts above the own role (src/domain/organization/authority.ts).
 */
export const permissions = {
  readLicenses: { own: grant(readers, 'licenses:read'), held: grant(readers, 'licenses:read') },
  readHistory: {
    own: grant(['OWNER', 'ADMIN', 'BILLING', 'AUDITOR'], 'events:read'),
    held: grant(readers, 'licenses:read'),
  },
  changeLicenses: ownOnly(grant(managers, 'licenses:write')),
  renewLicenses: ownOnly(grant([...managers, 'BILLING'], 'licenses:write')),
  suspendLicenses: ownOnly(grant([...managers, 'BILLING'], 'licenses:write')),
  endLicenses: ownOnly(grant(managers, 'licenses:write')),
  /** Release activations, rotate keys, assign users: what a holder does for itself. */
  manageUse: { own: grant(managers, 'licenses:write'), held: grant(managers, 'licenses:activate') },
  /** Validate, activate and the like by the license's id, without its key. */
  useLicenses: { own: grant(managers, 'licenses:activate'), held: grant(managers, 'licenses:activate') },
  readCatalog: ownOnly(grant(readers, 'licenses:read', 'catalog:write')),
  changeCatalog: ownOnly(grant(managers, 'catalog:write')),
  readMembers: ownOnly(grant([...managers, 'MEMBER', 'AUDITOR'], 'members:write')),
  manageMembers: ownOnly(grant(managers, 'members:write')),
  readProjects: ownOnly(grant([...managers, 'MEMBER', 'GUEST', 'AUDITOR'], 'projects:write')),
  changeProjects: ownOnly(grant([...managers, 'MEMBER'], 'projects:write')),
  readEvents: ownOnly(grant([...managers, 'BILLING', 'AUDITOR'], 'events:read')),
  readOrganization: ownOnly(grant(everybody)),
  changeOrganization: ownOnly(grant(managers)),
  closeOrganization: ownOnly(grant(['OWNER'])),
} as const satisfies Readonly<Record<string, Permission>>;

/** The name of a permission. */
export type PermissionName = keyof typeof permissions;

/** Whether a caller may do something on one side, or on any when none is named. */
export const isPermitted = (caller: Caller, name: PermissionName, side?: Side): boolean => {
  const { own, held }: Permission = permissions[name];
  if (side === undefined) return isGranted(caller, own) || isGranted(caller, held);
  return isGranted(caller, side === 'own' ? own : held);
};

/** What a caller lacks, as a sentence for the refusal. */
export const lacking = (caller: Caller, name: PermissionName, side?: Side): string => {
  const { own, held }: Permission = permissions[name];
  const grants = (side === undefined ? [own, held] : [side === 'own' ? own : held]).filter((each) => each !== null);
  const listed = (of: (grant: Grant) => readonly string[]) => [...new Set(grants.flatMap(of))].join(' or ');
  if (caller.kind === 'user') return `This takes the role ${listed(({ roles }) => roles)}; yours is ${caller.role}.`;
  const scopes = listed((each) => each.scopes);
  return scopes === '' ? 'No API key may do this; sign in as a user.' : `This API key has not the scope ${scopes}.`;
};

const isGranted = (caller: Caller, granted: Grant | null): boolean => {
  if (granted === null) return false;
  return caller.kind === 'user'
    ? granted.roles.includes(caller.role)
    : granted.scopes.some((scope) => caller.scopes.includes(scope));
};
