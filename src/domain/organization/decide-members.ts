import { type Rejection, reject } from '../decider.ts';
import type { Instant } from '../time.ts';
import type { Acting, CommandOf, OrganizationDecision, OrganizationRejection } from './commands.ts';
import { keysCreatedBy } from './decide-api-keys.ts';
import type { OrganizationEvent } from './events.ts';
import type { CreatedOrganization, Organization } from './organization.ts';
import { isInForce, refuseRole, refuseStrongerKey, type Standing, standingFor } from './organization-authority.ts';
import { endedAtOnce } from './organization-limits.ts';

/**
 * Gives a member another role. Refuses an old or a new role above the caller's own, and to take the role of the last
 * OWNER who can sign in.
 */
export const changeRole = (
  { data: { userId, role, deactivated }, by, at }: CommandOf<'ChangeMemberRole'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_ACCESS', at);
  if ('rejected' in standing) return standing;
  const member = organization.members.get(userId);
  if (member === undefined) return noMember();
  const above = refuseRole(standing, member.role) ?? refuseRole(standing, role);
  if (above !== null) return above;
  if (member.role === role) return [];
  if (isLastOwner(organization, userId, deactivated)) return lastOwner();
  return [{ type: 'MemberRoleChanged', data: { userId, from: member.role, to: role } }];
};

/**
 * Removes a member, and on request revokes the API keys that the member created, at most `endedAtOnce` of them. Refuses
 * a role above the caller's own, and the last OWNER who can sign in. Of a former member only keys are left to revoke.
 */
export const removeMember = (
  { data: { userId, deactivated, revokeKeys = false }, by, at }: CommandOf<'RemoveMember'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_ACCESS', at);
  if ('rejected' in standing) return standing;
  const member = organization.members.get(userId);
  const revocations = revokeKeys ? revokeKeysOf(userId, organization, standing, at) : [];
  if ('rejected' in revocations) return revocations;
  if (member === undefined) return organization.formerMembers.has(userId) ? revocations : noMember();
  const above = refuseRole(standing, member.role);
  if (above !== null) return above;
  if (isLastOwner(organization, userId, deactivated)) return lastOwner();
  return [{ type: 'MemberRemoved', data: { userId, role: member.role } }, ...revocations];
};

/**
 * Refuses to label a member for callers who may not manage members, and to label somebody else. Returns null otherwise.
 * A label is not an event.
 */
export const refuseLabel = (
  organization: Organization,
  { userId, by, at }: { readonly userId: string; readonly by: Acting; readonly at: Instant },
): Rejection<OrganizationRejection> | null => {
  if (organization.kind === 'missing') return noMember();
  const standing = standingFor(organization, by, 'MANAGE_ACCESS', at);
  if ('rejected' in standing) return standing;
  return organization.members.has(userId) ? null : noMember();
};

const revokeKeysOf = (
  userId: string,
  organization: CreatedOrganization,
  standing: Standing,
  at: Instant,
): readonly OrganizationEvent[] | Rejection<OrganizationRejection> => {
  const events: OrganizationEvent[] = [];
  for (const apiKeyId of keysCreatedBy(organization, userId)) {
    if (events.length === endedAtOnce) return events;
    const key = organization.apiKeys.get(apiKeyId);
    if (key === undefined || !isInForce(key, at)) continue;
    const refusal = refuseStrongerKey(standing, key);
    if (refusal !== null) return refusal;
    events.push({ type: 'ApiKeyRevoked', data: { apiKeyId } });
  }
  return events;
};

const isLastOwner = ({ members }: CreatedOrganization, userId: string, deactivated: readonly string[]): boolean =>
  members.get(userId)?.role === 'OWNER' &&
  ![...members].some(([id, { role }]) => id !== userId && role === 'OWNER' && !deactivated.includes(id));

const noMember = () => reject('NOT_FOUND', 'This user is not a member of the organization.');

const lastOwner = () =>
  reject('LAST_OWNER', 'An organization keeps at least one OWNER who can sign in: make another member an OWNER first.');
