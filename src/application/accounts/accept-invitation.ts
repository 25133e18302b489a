import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import { decodeId, encodeId } from '../../domain/ids.ts';
import { organizationLimits } from '../../domain/organization/organization-limits.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executed, Executor } from '../../eventstore/executor/execute.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { abandonUser, activateUser } from '../../identity/sign-up.ts';
import { findUserByEmail, getUser, type User } from '../../identity/users.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { valueAt } from '../../records/vault.ts';
import { contextOf } from '../command-context.ts';
import type { PlatformLicenseOf } from '../organizations/platform-license.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type MemberOf, membershipIn, openSignedIn, type SignInNeeds } from './open-session.ts';
import { emailTaken, type NewlySignedIn, type OpenRequest, reserveAddress } from './sign-up.ts';

export type JoinNeeds = {
  readonly executor: Executor;
  readonly pool: Pool;
  readonly now: () => Instant;
  readonly platformLicense: PlatformLicenseOf;
};

/** Which invitation of which organization. */
export type InvitationPlace = { readonly organizationId: string; readonly invitationId: string };

/** An invitation with the address of the invited; only the vault knows who they are. */
export type AddressedInvitation = InvitationPlace & { readonly email: string };

/** The signed-in user as a member of the organization. */
export type Accepted = { readonly user: User; readonly organization: MemberOf; readonly position: bigint };

/** Refuses an invitation that is unknown, or that has ended. */
export const noInvitation = reject('NOT_FOUND', 'There is no such invitation, or it has ended.');

/** Returns an invitation with the address of the invited. Refuses one that is unknown, or that has ended. */
export const findInvitation = async (
  { pool, executor }: Pick<JoinNeeds, 'pool' | 'executor'>,
  place: InvitationPlace,
): Promise<AddressedInvitation | Refusal> => {
  const { organizationId, invitationId } = place;
  // Of its event, and of no other request that was to store one.
  const emailRef = await executor.read(organizationAggregate, organizationId, (organization) =>
    organization.kind === 'missing' ? null : (organization.invitations.get(invitationId)?.emailRef ?? null),
  );
  const email = emailRef === null ? null : await asTenant(pool, organizationId, (db) => valueAt(db, emailRef));
  return email === null ? noInvitation : { ...place, email };
};

/** Makes the signed-in user a member, who must have the invited address. */
export const acceptInvitationAs = async (
  needs: JoinNeeds,
  request: OpenRequest,
  invitation: AddressedInvitation,
  userId: string,
): Promise<Accepted | Refusal> => {
  const user = await getUser(needs.pool, userId);
  if (user === null || user.email.toLowerCase() !== invitation.email.toLowerCase()) {
    return reject('FORBIDDEN', 'This invitation is for another e-mail address than the one you are signed in with.');
  }
  const joined = await join(needs, request, invitation, userId);
  if (isRefusal(joined)) return joined;
  const { organization, position } = joined;
  return { user, organization, position };
};

/**
 * Makes a new user of the invited address a member, and signs in. The user's id follows from the invitation, which is
 * accepted once, so that a retry goes on where an earlier try stopped.
 */
export const acceptInvitationAnew = async (
  needs: JoinNeeds & SignInNeeds,
  request: OpenRequest,
  invitation: AddressedInvitation,
  { password, displayName }: { readonly password: string; readonly displayName: string | null },
): Promise<NewlySignedIn | Refusal> => {
  if (!(await mayStillJoin(needs, invitation))) return noInvitation;
  const commandId = aggregateId(decodeId('inv', invitation.invitationId) ?? '', 'acceptance');
  const { email } = invitation;
  const user = { userId: userIdOf(invitation), email, displayName, commandId, now: new Date(needs.now()) };
  if ((await isUsedUp(needs, user)) && !(await hasJoined(needs, request, invitation))) return noInvitation;
  const reserved = await reserveAddress(needs, user, password);
  if (isRefusal(reserved)) return reserved;
  const joined = await join(needs, request, invitation, user.userId);
  if (isRefusal(joined)) {
    // Another request may still accept the invitation as this user, or has just done so.
    const isNobody = joined.rejected === 'ORGANIZATION_CLOSED' || !(await mayStillJoin(needs, invitation));
    if (isNobody && !(await isMember(needs, invitation))) await abandonUser(needs.pool, user);
    return joined;
  }
  const { organization, position } = joined;
  if (!(await activateUser(needs.pool, user))) return emailTaken;
  const signedIn = await openSignedIn(needs, { ...reserved, organization, userAgent: request.userAgent });
  return signedIn === null ? emailTaken : { signedIn, position };
};

/** Returns true once the invitation has made its user. */
const isUsedUp = async (
  { pool }: JoinNeeds,
  { email, commandId }: { readonly email: string; readonly commandId: string },
): Promise<boolean> => {
  const known = await findUserByEmail(pool, email);
  return known !== null && known.state !== 'pending' && known.commandId === commandId;
};

/** Returns true for the request that the user became a member by, sent again with its Idempotency-Key. */
const hasJoined = async (needs: JoinNeeds, request: OpenRequest, invitation: InvitationPlace): Promise<boolean> => {
  const joined = await join(needs, request, invitation, userIdOf(invitation));
  return !isRefusal(joined) && joined.isRepeated;
};

const userIdOf = ({ invitationId }: InvitationPlace): string =>
  encodeId('usr', aggregateId(decodeId('inv', invitationId) ?? '', 'user'));

/** Returns true once the invitation has made its user a member, in whichever request. */
const isMember = ({ executor }: JoinNeeds, invitation: InvitationPlace): Promise<boolean> =>
  executor.read(
    organizationAggregate,
    invitation.organizationId,
    (organization) => organization.kind !== 'missing' && organization.members.has(userIdOf(invitation)),
  );

/** Returns true for an invitation that is open, before a user is made. The stream decides when they join. */
const mayStillJoin = ({ executor, now }: JoinNeeds, invitation: InvitationPlace): Promise<boolean> => {
  const { organizationId, invitationId } = invitation;
  return executor.read(organizationAggregate, organizationId, (organization) => {
    if (organization.kind === 'missing') return false;
    const invited = organization.invitations.get(invitationId);
    const isOpen = invited?.state === 'pending' && now() < invited.expiresAt;
    return isOpen || organization.members.get(userIdOf(invitation))?.invitationId === invitationId;
  });
};

type Joined = {
  readonly organization: MemberOf;
  readonly position: bigint;
  /** The same attempt has made them a member before. */
  readonly isRepeated: boolean;
};

const join = async (
  needs: JoinNeeds,
  { call, attempt }: OpenRequest,
  { organizationId, invitationId }: InvitationPlace,
  userId: string,
): Promise<Joined | Refusal> => {
  const at = needs.now();
  const license = await needs.platformLicense(organizationId);
  const limits = organizationLimits(license?.entitlements ?? [], at);
  call.actsFor(organizationId);
  const joined: Executed<null> | Refusal = await needs.executor.execute(
    organizationAggregate,
    organizationId,
    toDecide(organizationAggregate, {
      ...{ type: 'AcceptInvitation', at, by: { type: 'USER', userId } },
      data: { invitationId, userId, limits },
    }),
    contextOf({ call, attempt, actor: { type: 'USER', id: userId, onBehalfOf: null } }, at),
    () => null,
  );
  if (isRefusal(joined)) return joined.rejected === 'ORGANIZATION_NOT_FOUND' ? noInvitation : joined;
  const organization = await membershipIn(needs.executor, organizationId, userId);
  if (organization === null) return noInvitation;
  return { organization, position: joined.position.commit, isRepeated: joined.outcome === 'repeated' };
};
