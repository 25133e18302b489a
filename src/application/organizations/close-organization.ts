import { reject } from '../../domain/decider.ts';
import { refuseWithoutPassword } from '../accounts/confirm-password.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { blockUntilProjected } from './block-until-projected.ts';
import { type OrganizationProfile, profileOf } from './create-organization.ts';
import {
  type ChangedOrganization,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  sendToOrganization,
} from './send-to-organization.ts';

/**
 * Closes the caller's organization for good. Nothing is erased. Only a user who has presented the password within the
 * last five minutes can do it.
 */
export const closeOrganization = async (
  needs: OrganizationCommandNeeds,
  request: OrganizationRequest,
): Promise<ChangedOrganization<OrganizationProfile> | Refusal> => {
  const { caller } = request;
  if (caller.kind !== 'user') return usersOnly;
  const unproven = await refuseWithoutPassword(needs, caller);
  if (unproven !== null) return unproven;
  const closed = await sendToOrganization(needs, request, {
    at: needs.now(),
    commandsOn: () => [{ type: 'CloseOrganization', data: {} }],
    view: profileOf,
  });
  if (isRefusal(closed)) return closed;
  await blockUntilProjected(needs.pool, caller.organizationId, closed.position);
  return closed;
};

const usersOnly = reject('FORBIDDEN', 'API keys may not close an organization. Sign in as an OWNER.');
