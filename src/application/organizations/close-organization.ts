import { isRefusal, type Refusal } from '../refusal.ts';
import { blockUntilProjected } from './block-until-projected.ts';
import { type OrganizationProfile, profileOf } from './create-organization.ts';
import {
  type ChangedOrganization,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  sendToOrganization,
} from './send-to-organization.ts';

/** Closes the caller's organization for good. Nothing is erased. */
export const closeOrganization = async (
  needs: OrganizationCommandNeeds,
  request: OrganizationRequest,
): Promise<ChangedOrganization<OrganizationProfile> | Refusal> => {
  const closed = await sendToOrganization(needs, request, {
    at: needs.now(),
    commandsOn: () => [{ type: 'CloseOrganization', data: {} }],
    view: profileOf,
  });
  if (isRefusal(closed)) return closed;
  await blockUntilProjected(needs.pool, request.caller.organizationId, closed.position);
  return closed;
};
