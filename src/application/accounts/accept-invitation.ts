import { reject } from '../../domain/decider.ts';
import { proveAddress } from '../../identity/mailed/proven-address.ts';
import { getUser, type User } from '../../identity/users.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import type { AddressedInvitation } from './find-invitation.ts';
import { type JoinNeeds, joinOrganization } from './join-organization.ts';
import type { MemberOf } from './open-session.ts';
import type { OpenRequest } from './sign-up.ts';

/** The signed-in user as a member of the organization. */
export type Accepted = { readonly user: User; readonly organization: MemberOf; readonly position: bigint };

/**
 * Makes the signed-in user a member. Refuses a user with another address than the invited one. A mailed token also proves
 * the address of the user.
 */
export const acceptInvitation = async (
  needs: JoinNeeds,
  request: OpenRequest,
  invitation: AddressedInvitation,
  userId: string,
): Promise<Accepted | Refusal> => {
  const user = await getUser(needs.pool, userId);
  if (user === null || user.email.toLowerCase() !== invitation.email.toLowerCase()) {
    return reject(
      'FORBIDDEN',
      'This invitation is for another e-mail address than yours. Sign in with the invited address.',
    );
  }
  const joined = await joinOrganization(needs, request, invitation, userId);
  if (isRefusal(joined)) return joined;
  if (invitation.isMailed) {
    const { email } = invitation;
    await proveAddress(needs.pool, userId, { email, now: new Date(needs.now()) });
  }
  const { organization, position } = joined;
  return { user, organization, position };
};
