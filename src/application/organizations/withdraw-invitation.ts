import { asTenant } from '../../postgres/tenant.ts';
import { eraseValue } from '../../records/vault.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import {
  type ChangedOrganization,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  partOf,
  sendToOrganization,
} from './send-to-organization.ts';

/** Withdraws an invitation and erases the address. */
export const withdrawInvitation = async (
  needs: OrganizationCommandNeeds,
  request: OrganizationRequest,
  invitationId: string,
): Promise<ChangedOrganization<string> | Refusal> => {
  const { organizationId } = request.caller;
  const sent = await sendToOrganization(needs, request, {
    at: needs.now(),
    commandsOn: () => [{ type: 'WithdrawInvitation', data: { invitationId } }],
    view: ({ invitations }) => partOf(invitations, invitationId).emailRef,
  });
  if (isRefusal(sent)) return sent;
  await asTenant(needs.pool, organizationId, (db) => eraseValue(db, organizationId, sent.view), { readOnly: false });
  return sent;
};
