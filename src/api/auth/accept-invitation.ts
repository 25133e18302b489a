import { z } from 'zod';
import { decodeId, encodeId } from '../../domain/ids.ts';
import { organizationLimits } from '../../domain/organization/limits.ts';
import { organizationAggregate, toDecide } from '../../eventstore/aggregate.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { abandonUser, activateUser } from '../../identity/sign-up.ts';
import { findUserByEmail, getUser } from '../../identity/users.ts';
import { valueAt } from '../../projections/tables/vault.ts';
import { asTenant } from '../../projections/tenant.ts';
import { authorizeUser } from '../authorize.ts';
import { contextOf, executedOrProblem } from '../command-context.ts';
import { type Attempt, idempotently } from '../idempotency.ts';
import { decodeInvitationToken, type InvitationPlace } from '../invitation-token.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import { type Call, none, publicRoute, type Reply, type Route } from '../route.ts';
import { type AuthNeeds, emailPseudonym, nobodysOrganization, pseudonymOf } from './needs.ts';
import { displayName, type MemberOf, memberOfShape, newPassword, tokensShape, userBody, userShape } from './shapes.ts';
import { emailTaken, reserve } from './sign-up.ts';
import { membershipIn, openSignedIn, provePassword } from './tokens.ts';

const acceptBody = z
  .strictObject({
    token: z.string().min(1).max(500),
    password: newPassword.optional(),
    displayName: displayName.optional(),
  })
  .refine(({ password, displayName: called }) => password !== undefined || called === undefined, {
    path: ['displayName'],
    message: 'goes with a password only: a user who is there already has a name',
  })
  .meta({
    id: 'AcceptInvitation',
    example: { token: 'AQ3mXgTq', password: 'four small green apples', displayName: 'Ann Lee' },
  });

/** POST /v1/invitations/accept: makes the invited a member, and a user where there is none with this address. */
export const acceptInvitation = (needs: AuthNeeds): Route =>
  publicRoute({
    method: 'post',
    path: '/v1/invitations/accept',
    operationId: 'acceptInvitation',
    summary: 'Accept an invitation',
    description:
      'With a password it makes a user of the invited address and signs in. Without one it takes the access token of the user who has that address; displayName goes with a password only.',
    tag: 'Members',
    takesAccessToken: true,
    effect: 'append',
    request: z.object({ params: none, query: none, body: acceptBody }),
    replies: {
      200: {
        description: 'The signed-in user is a member now; get a token for the organization with /v1/auth/switch.',
        body: z.strictObject({ user: userShape, organization: memberOfShape }).meta({ id: 'InvitationAccepted' }),
      },
      201: { description: 'The new user is a member, and signed in.', body: tokensShape },
    },
    rejections: [
      ...(['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'FORBIDDEN', 'NOT_FOUND', 'EMAIL_TAKEN', 'RATE_LIMITED'] as const),
      ...(['ALREADY_MEMBER', 'USER_LIMIT_EXCEEDED', 'ORGANIZATION_CLOSED'] as const),
    ],
    handle: async ({ body }, call) => {
      const { token, password, displayName: called = null } = body;
      if (password !== undefined) {
        const invitation = await findInvitation(needs, call, token);
        return isProblem(invitation) ? invitation : acceptAnew(needs, call, invitation, { token, password, called });
      }
      const user = await authorizeUser(needs.authenticate, call);
      if (isProblem(user)) return user;
      const invitation = await findInvitation(needs, call, token);
      if (isProblem(invitation)) return invitation;
      const request = { organizationId: user.userId, principal: user.userId, operation: 'acceptInvitation' };
      return idempotently(needs, call, { ...request, input: body, about: namedIn(invitation) }, (attempt) =>
        acceptAs(needs, call, attempt, invitation, user.userId),
      );
    },
  });

type Invitation = InvitationPlace & {
  /** Of the invited; who they are is known to the vault only. */
  readonly email: string;
};

/** What the token of an invitation stands for. */
const namedIn = ({ organizationId, invitationId }: Invitation): InvitationPlace => ({ organizationId, invitationId });

const noInvitation = problem('NOT_FOUND', 'There is no such invitation, or it has ended.');

// What was never an invitation counts like any unknown key.
const findInvitation = async (
  { secrets, pool, executor }: AuthNeeds,
  { limits }: Call,
  token: string,
): Promise<Invitation | Problem> => {
  const place = decodeInvitationToken(secrets, token);
  if (place === null) return (await limits.takeForAddress('unknown_key')) ?? noInvitation;
  const { organizationId, invitationId } = place;
  // Of its event, and of no other request that was to store one.
  const emailRef = await executor.read(organizationAggregate, organizationId, (organization) =>
    organization.kind === 'missing' ? null : (organization.invitations.get(invitationId)?.emailRef ?? null),
  );
  const email = emailRef === null ? null : await asTenant(pool, organizationId, (db) => valueAt(db, emailRef));
  return email === null ? noInvitation : { ...place, email };
};

/** As the signed-in user, who must have the invited address. */
const acceptAs = async (
  needs: AuthNeeds,
  call: Call,
  attempt: Attempt,
  invitation: Invitation,
  userId: string,
): Promise<Reply | Problem> => {
  const user = await getUser(needs.pool, userId);
  if (user === null || user.email.toLowerCase() !== invitation.email.toLowerCase()) {
    return problem('FORBIDDEN', 'This invitation is for another e-mail address than the one you are signed in with.');
  }
  const joined = await join(needs, call, attempt, invitation, userId);
  if (isProblem(joined)) return joined;
  const { organization, position } = joined;
  return { status: 200, body: { user: userBody(user), organization }, position };
};

/**
 * As a new user of the invited address. Their id follows from the invitation, which is accepted once, so that whoever tries
 * again goes on where an earlier try stopped.
 */
const acceptAnew = async (
  needs: AuthNeeds,
  call: Call,
  invitation: Invitation,
  { token, password, called }: { readonly token: string; readonly password: string; readonly called: string | null },
): Promise<Reply | Problem> => {
  // Whoever has the link must not find out by it whether there is such a user, nor their password, any faster than elsewhere.
  const refused =
    (await call.limits.takeForAddress('signup')) ??
    (await call.limits.take('login_account', emailPseudonym(needs.secrets, invitation.email)));
  if (refused !== null) return refused;
  const principal = pseudonymOf(needs.secrets, 'token', token);
  const request = { organizationId: nobodysOrganization, principal, operation: 'acceptInvitation' };
  const prove = () => provePassword(needs, { email: invitation.email, password });
  const recognized = { ...request, input: { password, called }, about: namedIn(invitation), prove };
  return idempotently(needs, call, recognized, async (attempt) => {
    if (!(await mayStillJoin(needs, invitation))) return noInvitation;
    const commandId = aggregateId(decodeId('inv', invitation.invitationId) ?? '', 'acceptance');
    const user = {
      ...{ userId: userIdOf(invitation), email: invitation.email, displayName: called, commandId },
      now: new Date(needs.now()),
    };
    if ((await isUsedUp(needs, user)) && !(await hasJoined(needs, call, attempt, invitation))) return noInvitation;
    const reserved = await reserve(needs, user, password);
    if (isProblem(reserved)) return reserved;
    const joined = await join(needs, call, attempt, invitation, user.userId);
    if (isProblem(joined)) {
      // Another request may still accept the invitation as this user, or has just done so.
      const isNobody = joined.problem === 'ORGANIZATION_CLOSED' || !(await mayStillJoin(needs, invitation));
      if (isNobody && !(await isMember(needs, invitation))) await abandonUser(needs.pool, user);
      return joined;
    }
    const { organization, position } = joined;
    if (!(await activateUser(needs.pool, user))) return emailTaken;
    const body = await openSignedIn(needs, call, { ...reserved, organization });
    return body === null ? emailTaken : { status: 201, body, position };
  });
};

/** True once the invitation has made its user. */
const isUsedUp = async (
  { pool }: AuthNeeds,
  { email, commandId }: { readonly email: string; readonly commandId: string },
): Promise<boolean> => {
  const known = await findUserByEmail(pool, email);
  return known !== null && known.state !== 'pending' && known.commandId === commandId;
};

/** True for the request that the user became a member by, sent again with its Idempotency-Key. */
const hasJoined = async (needs: AuthNeeds, call: Call, attempt: Attempt, invitation: Invitation): Promise<boolean> => {
  const joined = await join(needs, call, attempt, invitation, userIdOf(invitation));
  return !isProblem(joined) && joined.isRepeated;
};

const userIdOf = ({ invitationId }: InvitationPlace): string =>
  encodeId('usr', aggregateId(decodeId('inv', invitationId) ?? '', 'user'));

/** True once the invitation has made its user a member, in whichever request. */
const isMember = ({ executor }: AuthNeeds, invitation: Invitation): Promise<boolean> =>
  executor.read(
    organizationAggregate,
    invitation.organizationId,
    (organization) => organization.kind !== 'missing' && organization.members.has(userIdOf(invitation)),
  );

/** Before a user is made: the organization's stream says again what counts, when they join. */
const mayStillJoin = async ({ executor, now }: AuthNeeds, invitation: Invitation): Promise<boolean> => {
  const { organizationId, invitationId } = invitation;
  const open = await executor.read(organizationAggregate, organizationId, (organization) => {
    if (organization.kind === 'missing') return null;
    const found = organization.invitations.get(invitationId);
    const isOpen = found?.state === 'pending' && now() < found.expiresAt;
    return isOpen || organization.members.get(userIdOf(invitation))?.invitationId === invitationId ? true : null;
  });
  return open !== null;
};

type Joined = {
  readonly organization: MemberOf;
  readonly position: bigint;
  /** The same attempt has made them a member before. */
  readonly isRepeated: boolean;
};

const join = async (
  needs: AuthNeeds,
  call: Call,
  attempt: Attempt,
  { organizationId, invitationId }: Invitation,
  userId: string,
): Promise<Joined | Problem> => {
  const at = needs.now();
  const license = await needs.platformLicense(organizationId);
  const limits = organizationLimits(license?.entitlements ?? [], at);
  call.actsFor(organizationId);
  const joined = executedOrProblem(
    await needs.executor.execute(
      organizationAggregate,
      organizationId,
      toDecide(organizationAggregate, {
        ...{ type: 'AcceptInvitation', at, by: { type: 'USER', userId } },
        data: { invitationId, userId, limits },
      }),
      contextOf({ call, attempt, actor: { type: 'USER', id: userId, onBehalfOf: null } }, at),
      () => null,
    ),
  );
  if (isProblem(joined)) return joined.problem === 'ORGANIZATION_NOT_FOUND' ? noInvitation : joined;
  const organization = await membershipIn(needs.executor, organizationId, userId);
  if (organization === null) return noInvitation;
  return { organization, position: joined.position.commit, isRepeated: joined.outcome === 'repeated' };
};
