import type { Refusal } from '../refusal.ts';
import { type MemberNeeds, sendMemberCommand } from './member-command.ts';
import type { ChangedOrganization, OrganizationRequest } from './send-to-organization.ts';

/** Removes a member. One OWNER who can sign in stays. */
export const removeMember = (
  needs: MemberNeeds,
  request: OrganizationRequest,
  userId: string,
): Promise<ChangedOrganization<null> | Refusal> =>
  sendMemberCommand(needs, request, userId, {
    commandOn: (deactivated) => ({ type: 'RemoveMember', data: { userId, deactivated } }),
    view: () => null,
  });
