import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { decodeId, encodeId } from '../../domain/ids.ts';
import { isAcceptable } from '../../domain/organization/open-invitations.ts';
import { refuseNewUser } from '../../domain/organization/signup-mode.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { isAddressProven, proveAddress } from '../../identity/mailed/proven-address.ts';
import { abandonUser, activateUser } from '../../identity/reserve-user.ts';
import { findUserByEmail, type UserByEmail } from '../../identity/users.ts';
import { afterAppend } from '../after-append.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type AddressedInvitation, noInvitation, type PresentedInvitation } from './find-invitation.ts';
import { type JoinNeeds, joinOrganization } from './join-organization.ts';
import { checkPassword, type ForgettingNeeds, openSignedIn, type SignInNeeds } from './open-session.ts';
import { emailTaken, type NewlySignedIn, type OpenRequest, reserveAddress, type SignupNeeds } from './sign-up.ts';

/** A new user who accepts an invitation. */
export type NewMember = {
  readonly password: string;
  readonly displayName: string | null;
  /** True when the mailed token may take the address from a user with another password who never proved it. */
  readonly replaceAccount: boolean;
};

type Needs = JoinNeeds & SignInNeeds & ForgettingNeeds & SignupNeeds;

/**
 * Creates a user with the invited address, makes the user a member and signs in. The id of the user follows from the
 * invitation, which is accepted once. So a retry continues where an earlier attempt stopped. With the mailed token, a
 * user who never proved the address does not stand in the way. The one with this password joins. Any other one loses
 * the address with `replaceAccount`, in the transaction that activates the new user. Until then nobody loses anything.
 */
export const acceptInvitationAsNewUser = async (
  needs: Needs,
  request: OpenRequest,
  invitation: AddressedInvitation,
  { password, displayName, replaceAccount }: NewMember,
): Promise<NewlySignedIn | Refusal> => {
  const { email, isMailed } = invitation;
  const known = isMailed ? await unprovenUser(needs, { email, password }) : null;
  if (known !== null) return joinAsKnownUser(needs, request, invitation, known);
  const closed = refuseNewUser(needs.accounts.signupMode, 'invitation');
  if (closed !== null) return closed;
  if (!(await mayStillJoin(needs, invitation))) return noInvitation;
  const commandId = acceptanceOf(invitation);
  const [userId, now] = [userIdOf(invitation), new Date(needs.now())];
  const user = { userId, email, displayName, commandId, isProven: isMailed, replacesUnproven: replaceAccount, now };
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
  if (!(await afterAppend(() => activateUser(needs.pool, user)))) return emailTaken;
  if (reserved.displaces !== null) needs.accounts.forgetting.forgetUser(reserved.displaces);
  const signedIn = await openSignedIn(needs, { ...reserved, organization, userAgent: request.userAgent });
  return signedIn === null ? emailTaken : { signedIn, position };
};

/** Returns the user with this address and password who can sign in and never proved the address, or null. */
const unprovenUser = async (
  needs: SignInNeeds,
  credentials: { readonly email: string; readonly password: string },
): Promise<UserByEmail | null> => {
  const user = (await checkPassword(needs, credentials))?.user ?? null;
  return user === null || (await isAddressProven(needs.pool, user.userId)) ? null : user;
};

/** Makes a user a member who has presented both the mailed token and the password, and proves the address. */
const joinAsKnownUser = async (
  needs: Needs,
  request: OpenRequest,
  invitation: AddressedInvitation,
  { userId, passwordHash }: UserByEmail,
): Promise<NewlySignedIn | Refusal> => {
  const joined = await joinOrganization(needs, request, invitation, userId);
  if (isRefusal(joined)) return joined;
  const { organization, position } = joined;
  const signedIn = await openSignedIn(needs, { userId, passwordHash, organization, userAgent: request.userAgent });
  if (signedIn === null) return emailTaken;
  await proveAddress(needs.pool, userId, { email: invitation.email, now: new Date(needs.now()) });
  return { signedIn, position };
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
const hasJoined = async (needs: JoinNeeds, request: OpenRequest, invitation: PresentedInvitation): Promise<boolean> => {
  const joined = await joinOrganization(needs, request, invitation, userIdOf(invitation));
  return !isRefusal(joined) && joined.isRepeated;
};

// The two tokens of an invitation create different users, so nobody continues the acceptance of the other token.
const userIdOf = ({ invitationId, isMailed }: PresentedInvitation): string =>
  encodeId('usr', aggregateId(decodeId('inv', invitationId) ?? '', isMailed ? 'mailed user' : 'user'));

const acceptanceOf = ({ invitationId, isMailed }: PresentedInvitation): string =>
  aggregateId(decodeId('inv', invitationId) ?? '', isMailed ? 'mailed acceptance' : 'acceptance');

/** Returns true once any request has made the user of the invitation a member. */
const isMember = ({ executor }: JoinNeeds, invitation: PresentedInvitation): Promise<boolean> =>
  executor.read(
    organizationAggregate,
    invitation.organizationId,
    (organization) => organization.kind !== 'missing' && organization.members.has(userIdOf(invitation)),
  );

/** Returns true while the invitation is open, before a user is created. The stream decides when the user joins. */
const mayStillJoin = ({ executor, now }: JoinNeeds, invitation: PresentedInvitation): Promise<boolean> => {
  const { organizationId, invitationId } = invitation;
  return executor.read(organizationAggregate, organizationId, (organization) => {
    if (organization.kind === 'missing') return false;
    const invited = organization.invitations.get(invitationId);
    const isOpen = invited !== undefined && isAcceptable(organization, invited, now());
    return isOpen || organization.members.get(userIdOf(invitation))?.invitationId === invitationId;
  });
};
