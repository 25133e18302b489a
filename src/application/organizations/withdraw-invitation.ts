import { isRefusal, type Refusal } from '../refusal.ts';
import {
  type ChangedOrganization,
  eraseAddresses,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  sendToOrganization,
} from './send-to-organization.ts';

/** Withdraws an invitation and erases the address. */
export const withdrawInvitation = async (
  needs: OrganizationCommandNeeds,
  request: OrganizationRequest,
  invitationId: string,
): Promise<ChangedOrganization<null> | Refusal> => {
  const sent = await sendToOrganization(needs, request, {
    at: needs.now(),
    commandsOn: () => [{ type: 'WithdrawInvitation', data: { invitationId } }],
    aboutAccess: true,
    view: () => null,
  });
  if (!isRefusal(sent)) await eraseAddresses(needs.pool, request.caller.organizationId, sent);
  return sent;
};
