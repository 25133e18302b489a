import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { decodeId, encodeId } from '../../domain/ids.ts';
import { isAcceptable } from '../../domain/organization/open-invitations.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { abandonUser, activateUser } from '../../identity/reserve-user.ts';
import { findUserByEmail } from '../../identity/users.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type AddressedInvitation, type InvitationPlace, noInvitation } from './find-invitation.ts';
import { type JoinNeeds, joinOrganization } from './join-organization.ts';
import { openSignedIn, type SignInNeeds } from './open-session.ts';
import { emailTaken, type NewlySignedIn, type OpenRequest, reserveAddress } from './sign-up.ts';

/** A new user who accepts an invitation. */
export type NewMember = { readonly password: string; readonly displayName: string | null };

/**
 * Creates a user with the invited address, makes the user a member and signs in. The id of the user follows from the
 * invitation, which is accepted once. So a retry continues where an earlier attempt stopped.
 */
export const acceptInvitationAsNewUser = async (
  needs: JoinNeeds & SignInNeeds,
  request: OpenRequest,
  invitation: AddressedInvitation,
  { password, displayName }: NewMember,
): Promise<NewlySignedIn | Refusal> => {
  if (!(await mayStillJoin(needs, invitation))) return noInvitation;
  const commandId = aggregateId(decodeId('inv', invitation.invitationId) ?? '', 'acceptance');
  const { email } = invitation;
  const user = { userId: userIdOf(invitation), email, displayName, commandId, now: new Date(needs.now()) };
  if ((await isUsedUp(needs, user)) && !(await hasJoined(needs, request, invitation))) return noInvitation;
  const reserved = await reserveAddress(needs, user, password);
  if (isRefusal(reserved)) return reserved;
  const joined = await joinOrganization(needs, request, invitation, user.userId);
  if (isRefusal(joined)) {
    // Another request may still accept the invitation as this user, or has just done so.
    const isEnded = joined.rejected === 'ORGANIZATION_CLOSED' || !(await mayStillJoin(needs, invitation));
    if (isEnded && !(await isMember(needs, invitation))) await abandonUser(needs.pool, user);
    return joined;
  }
  const { organization, position } = joined;
  if (!(await activateUser(needs.pool, user))) return emailTaken;
  const signedIn = await openSignedIn(needs, { ...reserved, organization, userAgent: request.userAgent });
  return signedIn === null ? emailTaken : { signedIn, position };
};

/** Returns true once the invitation has created its user. */
const isUsedUp = async (
  { pool }: JoinNeeds,
  { email, commandId }: { readonly email: string; readonly commandId: string },
): Promise<boolean> => {
  const known = await findUserByEmail(pool, email);
  return known !== null && known.state !== 'pending' && known.commandId === commandId;
};

/** Returns true when this request repeats, with its Idempotency-Key, the one that made the user a member. */
const hasJoined = async (needs: JoinNeeds, request: OpenRequest, invitation: InvitationPlace): Promise<boolean> => {
  const joined = await joinOrganization(needs, request, invitation, userIdOf(invitation));
  return !isRefusal(joined) && joined.isRepeated;
};

const userIdOf = ({ invitationId }: InvitationPlace): string =>
  encodeId('usr', aggregateId(decodeId('inv', invitationId) ?? '', 'user'));

/** Returns true once any request has made the user of the invitation a member. */
const isMember = ({ executor }: JoinNeeds, invitation: InvitationPlace): Promise<boolean> =>
  executor.read(
    organizationAggregate,
    invitation.organizationId,
    (organization) => organization.kind !== 'missing' && organization.members.has(userIdOf(invitation)),
  );

/** Returns true while the invitation is open, before a user is created. The stream decides when the user joins. */
const mayStillJoin = ({ executor, now }: JoinNeeds, invitation: InvitationPlace): Promise<boolean> => {
  const { organizationId, invitationId } = invitation;
  return executor.read(organizationAggregate, organizationId, (organization) => {
    if (organization.kind === 'missing') return false;
    const invited = organization.invitations.get(invitationId);
    const isOpen = invited !== undefined && isAcceptable(organization, invited, now());
    return isOpen || organization.members.get(userIdOf(invitation))?.invitationId === invitationId;
  });
};
