import { type Rejection, reject } from '../decider.ts';
import type { Instant } from '../time.ts';
import type { Acting, OrganizationRejection } from './commands.ts';
import type { Role, Scope } from './events.ts';
import type { ApiKey, CreatedOrganization } from './organization.ts';

/** The powers over an organization. Members, roles and API keys are one power: it includes handing out access. */
export type Power = 'CHANGE_PROFILE' | 'CLOSE' | 'MANAGE_ACCESS' | 'MANAGE_PROJECTS';

/** The standing of a caller in the organization. */
export type Standing =
  | { readonly kind: 'system' }
  | { readonly kind: 'member'; readonly role: Role }
  | { readonly kind: 'key'; readonly scopes: readonly Scope[] };

/**
 * Returns the standing of a caller who may use `power`, or the refusal. A caller who does not belong to the
 * organization, or has a revoked or expired key, gets the refusal of an organization that does not exist.
 */
export const standingFor = (
  organization: CreatedOrganization,
  by: Acting,
  power: Power,
  at: Instant,
): Standing | Rejection<OrganizationRejection> => {
  const standing = standingOf(organization, by, at);
  if (standing === null) return reject('ORGANIZATION_NOT_FOUND', 'There is no such organization.');
  if (organization.closedAt !== null)
    return reject('ORGANIZATION_CLOSED', `This organization was closed at ${organization.closedAt}.`);
  return isEntitled(standing, power) ? standing : reject('FORBIDDEN', `This takes ${needs(power)}.`);
};

/**
 * Refuses to give, take or change a role above the caller's own. Callers without access to roles are refused before,
 * so only the role OWNER matters: only OWNERs and the system decide who is an OWNER. An API key counts as an ADMIN.
 */
export const refuseRole = (standing: Standing, role: Role): Rejection<'FORBIDDEN'> | null => {
  const isAbove =
    role === 'OWNER' && (standing.kind === 'key' || (standing.kind === 'member' && standing.role !== role));
  return isAbove ? reject('FORBIDDEN', 'Only an OWNER decides who is an OWNER.') : null;
};

/** Refuses to let an API key hand on scopes that it does not have. Users who manage access may hand out every scope. */
export const refuseScopes = (standing: Standing, scopes: readonly Scope[]): Rejection<'FORBIDDEN'> | null => {
  if (standing.kind !== 'key') return null;
  const beyond = scopes.filter((scope) => !standing.scopes.includes(scope));
  return beyond.length === 0
    ? null
    : reject('FORBIDDEN', `An API key can hand on only scopes of its own, not ${beyond.join(', ')}.`);
};

/** Returns true for a role that may see the users of the organization with their e-mail addresses. */
export const mayManageUsers = (role: Role): boolean => powers.MANAGE_ACCESS.roles.includes(role);

/** Returns true for an API key that is neither revoked nor expired. */
export const isInForce = ({ revokedAt, expiresAt }: ApiKey, at: Instant): boolean =>
  revokedAt === null && (expiresAt === null || at < expiresAt);

const standingOf = ({ members, apiKeys }: CreatedOrganization, by: Acting, at: Instant): Standing | null => {
  switch (by.type) {
    case 'SYSTEM':
      return { kind: 'system' };
    case 'USER': {
      const member = members.get(by.userId);
      return member === undefined ? null : { kind: 'member', role: member.role };
    }
    case 'API_KEY': {
      const key = apiKeys.get(by.apiKeyId);
      return key !== undefined && isInForce(key, at) ? { kind: 'key', scopes: key.scopes } : null;
    }
  }
};

const isEntitled = (standing: Standing, power: Power): boolean => {
  const { roles, scope } = powers[power];
  switch (standing.kind) {
    case 'system':
      return true;
    case 'member':
      return roles.includes(standing.role);
    case 'key':
      return scope !== null && standing.scopes.includes(scope);
  }
};

const powers: Readonly<Record<Power, { readonly roles: readonly Role[]; readonly scope: Scope | null }>> = {
  CHANGE_PROFILE: { roles: ['OWNER', 'ADMIN'], scope: null },
  CLOSE: { roles: ['OWNER'], scope: null },
  MANAGE_ACCESS: { roles: ['OWNER', 'ADMIN'], scope: 'members:write' },
  MANAGE_PROJECTS: { roles: ['OWNER', 'ADMIN', 'MEMBER'], scope: 'projects:write' },
};

const needs = (power: Power): string => {
  const { roles, scope } = powers[power];
  const role = `the role ${roles.join(' or ')}`;
  return scope === null ? role : `${role}, or an API key with the scope ${scope}`;
};
