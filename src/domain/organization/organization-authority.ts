import { isWithinProducts } from '../authority.ts';
import { type Rejection, reject } from '../decider.ts';
import type { Instant } from '../time.ts';
import type { Acting, OrganizationRejection } from './commands.ts';
import type { Role, Scope } from './events.ts';
import type { ApiKey, CreatedOrganization, Invitation } from './organization.ts';
import { type Right, rightsBeyond, rightsOfRole, rightsOfScopes } from './rights.ts';

/** The powers over an organization. Members and roles are one power, API keys another one. Both hand out access. */
export type Power = 'CHANGE_PROFILE' | 'CLOSE' | 'MANAGE_ACCESS' | 'MANAGE_KEYS' | 'MANAGE_PROJECTS' | 'DECIDE_ISSUERS';

/** The standing of a caller in the organization. */
export type Standing =
  | { readonly kind: 'system' }
  | { readonly kind: 'member'; readonly role: Role }
  | {
      readonly kind: 'key';
      readonly scopes: readonly Scope[];
      readonly products: readonly string[] | null;
      readonly expiresAt: Instant | null;
    };

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
 * Refuses to give, take or change a role that includes rights which the caller does not have. So only OWNERs and the
 * system decide who is an OWNER, and an API key decides only about roles that its scopes cover.
 */
export const refuseRole = (standing: Standing, role: Role): Rejection<'FORBIDDEN'> | null => {
  const beyond = beyondStanding(standing, rightsOfRole(role));
  if (beyond.length === 0) return null;
  return standing.kind === 'key'
    ? reject(
        'FORBIDDEN',
        `An API key decides only about roles that its scopes cover. ${role} also has ${listed(beyond)}.`,
      )
    : reject('FORBIDDEN', `The role ${role} has rights that yours does not have: ${listed(beyond)}. Ask an OWNER.`);
};

/** The refusal of an API key that does not exist, and of one that the caller does not see. */
export const noSuchKey: Rejection<'NOT_FOUND'> = reject('NOT_FOUND', 'This organization has no such API key in force.');

/** Refuses to hand on scopes that include rights which the caller does not have, and scopes that an API key lacks. */
export const refuseScopes = (standing: Standing, scopes: readonly Scope[]): Rejection<'FORBIDDEN'> | null => {
  const beyond =
    standing.kind === 'key'
      ? scopes.filter((scope) => !standing.scopes.includes(scope))
      : beyondStanding(standing, rightsOfScopes(scopes));
  if (beyond.length === 0) return null;
  return standing.kind === 'key'
    ? reject('FORBIDDEN', `An API key can hand on only scopes of its own, not ${beyond.join(', ')}.`)
    : reject('FORBIDDEN', `These scopes have rights that your role does not have: ${beyond.join(', ')}.`);
};

/** Refuses to let an API key that is limited to products hand on others, or all. */
export const refuseProducts = (
  standing: Standing,
  products: readonly string[] | null,
): Rejection<'FORBIDDEN'> | null => {
  if (standing.kind !== 'key' || standing.products === null) return null;
  return products !== null && isWithinProducts(products, standing.products)
    ? null
    : reject('FORBIDDEN', `This API key can hand on only products of its own: ${standing.products.join(', ')}.`);
};

/** Refuses to let an API key create a key that expires later than itself. */
export const refuseEnd = (standing: Standing, expiresAt: Instant | null): Rejection<'FORBIDDEN'> | null => {
  if (standing.kind !== 'key' || standing.expiresAt === null) return null;
  if (expiresAt !== null && expiresAt <= standing.expiresAt) return null;
  const end = `Send an expiresAt that is not after ${standing.expiresAt}`;
  return reject('FORBIDDEN', `An API key that expires can create only keys that expire no later. ${end}.`);
};

/** Refuses to rename, narrow or revoke a key with scopes or rights that the caller does not have. */
export const refuseStrongerKey = (
  standing: Standing,
  { scopes, products }: Pick<ApiKey, 'scopes' | 'products'>,
): Rejection<OrganizationRejection> | null => {
  if (standing.kind !== 'key') {
    const rights = beyondStanding(standing, rightsOfScopes(scopes));
    if (rights.length === 0) return null;
    return reject('FORBIDDEN', `That key has rights that your role does not have: ${listed(rights)}. Ask an ADMIN.`);
  }
  // A limited key does not see keys that reach other products.
  if (refuseProducts(standing, products) !== null) return noSuchKey;
  const beyond = scopes.filter((scope) => !standing.scopes.includes(scope));
  if (beyond.length === 0) return null;
  const lacked = `That key also has ${beyond.join(', ')}`;
  return reject('FORBIDDEN', `An API key can change and revoke only keys with scopes that it has too. ${lacked}.`);
};

/** Refuses to let an API key add scopes or products to a key. It could outlive the one that adds them. */
export const refuseWidening = (
  standing: Standing,
  { scopes, products }: ApiKey,
  wider: Pick<ApiKey, 'scopes' | 'products'>,
): Rejection<'FORBIDDEN'> | null => {
  if (standing.kind !== 'key') return null;
  if (products !== null && (wider.products === null || !isWithinProducts(wider.products, products)))
    return reject('FORBIDDEN', 'An API key can take products away from a key and add none. Sign in to add some.');
  const added = wider.scopes.filter((scope) => !scopes.includes(scope));
  return added.length === 0
    ? null
    : reject(
        'FORBIDDEN',
        `An API key can take scopes away from a key and add none. Sign in to add ${added.join(', ')}.`,
      );
};

/** Returns the id of the user or API key that sends a command; null: the program. */
export const senderOf = (by: Acting): string | null => {
  switch (by.type) {
    case 'SYSTEM':
      return null;
    case 'USER':
      return by.userId;
    case 'API_KEY':
      return by.apiKeyId;
  }
};

/**
 * Returns true while the sender of an invitation could still invite with this role. A user must be a member with the
 * rights of the role, and an API key must be in force with them. The program always can.
 */
export const couldStillInvite = (
  organization: CreatedOrganization,
  { invitedBy, role }: Invitation,
  at: Instant,
): boolean => {
  if (invitedBy === null) return true;
  const key = organization.apiKeys.get(invitedBy);
  const by: Acting = key === undefined ? { type: 'USER', userId: invitedBy } : { type: 'API_KEY', apiKeyId: invitedBy };
  const standing = standingOf(organization, by, at);
  return standing !== null && isEntitled(standing, 'MANAGE_ACCESS') && refuseRole(standing, role) === null;
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
      return key !== undefined && isInForce(key, at)
        ? { kind: 'key', scopes: key.scopes, products: key.products, expiresAt: key.expiresAt }
        : null;
    }
  }
};

const beyondStanding = (standing: Standing, granted: readonly Right[]): readonly Right[] => {
  switch (standing.kind) {
    case 'system':
      return [];
    case 'member':
      return rightsBeyond(rightsOfRole(standing.role), granted);
    case 'key':
      return rightsBeyond(rightsOfScopes(standing.scopes), granted);
  }
};

const listed = (rights: readonly Right[]): string => rights.join(', ');

const isEntitled = (standing: Standing, power: Power): boolean => {
  const { roles, scope } = powers[power];
  switch (standing.kind) {
    case 'system':
      return true;
    case 'member':
      return roles.includes(standing.role);
    case 'key':
      return (
        scope !== null && standing.scopes.includes(scope) && (standing.products === null || power === 'MANAGE_KEYS')
      );
  }
};

const powers: Readonly<Record<Power, { readonly roles: readonly Role[]; readonly scope: Scope | null }>> = {
  CHANGE_PROFILE: { roles: ['OWNER', 'ADMIN'], scope: null },
  CLOSE: { roles: ['OWNER'], scope: null },
  MANAGE_ACCESS: { roles: ['OWNER', 'ADMIN'], scope: 'members:write' },
  // The same roles and scope as the permission manageApiKeys.
  MANAGE_KEYS: { roles: ['OWNER', 'ADMIN', 'DEVELOPER'], scope: 'members:write' },
  // The same roles and scope as the permission answerOffers.
  DECIDE_ISSUERS: { roles: ['OWNER', 'ADMIN'], scope: 'licenses:write' },
  MANAGE_PROJECTS: { roles: ['OWNER', 'ADMIN', 'MEMBER'], scope: 'projects:write' },
};

const needs = (power: Power): string => {
  const { roles, scope } = powers[power];
  const role = `the role ${roles.join(' or ')}`;
  return scope === null ? role : `${role}, or an API key with the scope ${scope}`;
};
