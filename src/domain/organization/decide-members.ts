import { reject } from '../decider.ts';
import type { CommandOf, OrganizationDecision } from './commands.ts';
import type { CreatedOrganization } from './organization.ts';
import { refuseRole, standingFor } from './organization-authority.ts';

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
 * Removes a member. Refuses a role above the caller's own, and the last OWNER who can sign in. Changes nothing for a
 * former member.
 */
export const removeMember = (
  { data: { userId, deactivated }, by, at }: CommandOf<'RemoveMember'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_ACCESS', at);
  if ('rejected' in standing) return standing;
  const member = organization.members.get(userId);
  if (member === undefined) return organization.formerMembers.has(userId) ? [] : noMember();
  const above = refuseRole(standing, member.role);
  if (above !== null) return above;
  if (isLastOwner(organization, userId, deactivated)) return lastOwner();
  return [{ type: 'MemberRemoved', data: { userId, role: member.role } }];
};

const isLastOwner = ({ members }: CreatedOrganization, userId: string, deactivated: readonly string[]): boolean =>
  members.get(userId)?.role === 'OWNER' &&
  ![...members].some(([id, { role }]) => id !== userId && role === 'OWNER' && !deactivated.includes(id));

const noMember = () => reject('NOT_FOUND', 'This user is not a member of the organization.');

const lastOwner = () =>
  reject('LAST_OWNER', 'An organization keeps at least one OWNER who can sign in: make another member an OWNER first.');
