import type { Refusal } from '../refusal.ts';
import {
  type ChangedOrganization,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  sendToOrganization,
} from './send-to-organization.ts';

/** Withdraws an invitation and erases the address. */
export const withdrawInvitation = (
  needs: OrganizationCommandNeeds,
  request: OrganizationRequest,
  invitationId: string,
): Promise<ChangedOrganization<null> | Refusal> =>
  sendToOrganization(needs, request, {
    at: needs.now(),
    commandsOn: () => [{ type: 'WithdrawInvitation', data: { invitationId } }],
    view: () => null,
  });
