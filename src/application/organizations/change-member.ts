import { reject } from '../../domain/decider.ts';
import type { Role } from '../../domain/organization/events.ts';
import type { Member } from '../../domain/organization/organization.ts';
import { userProfiles } from '../../identity/users.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import type { UserProfile } from './list-members.ts';
import { type MemberNeeds, sendMemberCommand } from './member-command.ts';
import { type ChangedOrganization, eraseAddresses, type OrganizationRequest } from './send-to-organization.ts';

/** A member right after a change. */
export type ChangedMember = ChangedOrganization<CreatedMember> & { readonly profile: UserProfile };

/** A member, and who invited the member; null: the founder, or the program invited. */
type CreatedMember = Member & { readonly createdBy: string | null };

/** Gives a member another role. One OWNER who can sign in stays. */
export const changeMember = async (
  needs: MemberNeeds,
  request: OrganizationRequest,
  { userId, role }: { readonly userId: string; readonly role: Role },
): Promise<ChangedMember | Refusal> => {
  const sent = await sendMemberCommand(needs, request, userId, {
    commandOn: (deactivated) => ({ type: 'ChangeMemberRole', data: { userId, role, deactivated } }),
    // A repeated request may find that the member has been removed since.
    view: ({ members, invitations }) => {
      const member = members.get(userId);
      if (member === undefined) return null;
      return { ...member, createdBy: invitations.get(member.invitationId ?? '')?.invitedBy ?? null };
    },
  });
  if (isRefusal(sent)) return sent;
  await eraseAddresses(needs.pool, request.caller.organizationId, sent);
  const { view: member, ...changed } = sent;
  if (member === null) return reject('NOT_FOUND', 'This user is no longer a member of the organization.');
  const profile = (await userProfiles(needs.pool, [userId])).get(userId) ?? null;
  return { ...changed, view: member, profile };
};
