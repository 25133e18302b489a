import { type Rejection, reject } from '../decider.ts';
import type { Instant } from '../time.ts';
import type { Acting, OrganizationRejection } from './commands.ts';
import type { Role, Scope } from './events.ts';
import type { ApiKey, CreatedOrganization } from './organization.ts';

/** What there is to be done with an organization. Members, roles and API keys are one power: who has it can hand out access. */
export type Power = 'CHANGE_PROFILE' | 'CLOSE' | 'MANAGE_ACCESS' | 'MANAGE_PROJECTS';

/** What the one who acts is to the organization. */
export type Standing =
  | { readonly kind: 'system' }
  | { readonly kind: 'member'; readonly role: Role }
  | { readonly kind: 'key'; readonly scopes: readonly Scope[] };

/**
 * The standing of one who may use `power`, or why not. To those who do not belong to the organization (any more), or whose
 * key is revoked or expired, it is as if there were none.
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
 * Refuses whoever would give, take or change a role above their own. Of those who manage access only an OWNER has nobody
 * above, so this comes to: only OWNERs (and the system) decide who is an OWNER. An API key counts as an ADMIN.
 */
export const refuseRole = (standing: Standing, role: Role): Rejection<'FORBIDDEN'> | null => {
  const isAbove =
    role === 'OWNER' && (standing.kind === 'key' || (standing.kind === 'member' && standing.role !== role));
  return isAbove ? reject('FORBIDDEN', 'Only an OWNER decides who is an OWNER.') : null;
};

/** Refuses an API key that would hand on scopes which it does not hold. People who manage access may hand out every scope. */
export const refuseScopes = (standing: Standing, scopes: readonly Scope[]): Rejection<'FORBIDDEN'> | null => {
  if (standing.kind !== 'key') return null;
  const beyond = scopes.filter((scope) => !standing.scopes.includes(scope));
  return beyond.length === 0
    ? null
    : reject('FORBIDDEN', `An API key can hand on only scopes of its own, not ${beyond.join(', ')}.`);
};

/** Returns true for a role whose members see the users of the organization, with their addresses. */
export const mayManageUsers = (role: Role): boolean => powers.MANAGE_ACCESS.roles.includes(role);

/** True for an API key that is neither revoked nor expired. */
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
