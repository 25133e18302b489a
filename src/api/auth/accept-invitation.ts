import { z } from 'zod';
import {
  type AddressedInvitation,
  acceptInvitationAnew,
  acceptInvitationAs,
  findInvitation,
  noInvitation,
} from '../../application/accounts/accept-invitation.ts';
import { provePassword } from '../../application/accounts/open-session.ts';
import { nobodysOrganization } from '../../application/attempt.ts';
import { isRefusal } from '../../application/refusal.ts';
import { authorizeUser } from '../authorize.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { decodeInvitationToken } from '../organizations/invitation-token.ts';
import { isProblem, type Problem, refused, refusedOrNull } from '../problems/problems.ts';
import { type Call, none, publicRoute, type Reply, type Route } from '../route.ts';
import { type AuthNeeds, emailPseudonym, pseudonymOf, userAgentOf } from './needs.ts';
import { displayName, memberOfShape, newPassword, signedInBody, tokensShape, userBody, userShape } from './shapes.ts';

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
export const acceptInvitationRoute = (needs: AuthNeeds): Route =>
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
    handle: ({ body }, call) => {
      const { password } = body;
      return password === undefined ? acceptAs(needs, call, body) : acceptAnew(needs, call, { ...body, password });
    },
  });

type Acceptance = z.output<typeof acceptBody>;

/** As the signed-in user. */
const acceptAs = async (needs: AuthNeeds, call: Call, body: Acceptance): Promise<Reply | Problem> => {
  const user = await authorizeUser(needs.authenticate, call);
  if (isProblem(user)) return user;
  const invitation = await invitationOf(needs, call, body.token);
  if (isProblem(invitation)) return invitation;
  const { userId } = user;
  const place = { organizationId: userId, principal: userId, operation: 'acceptInvitation' };
  return idempotently(needs, call, { ...place, input: body, about: namedIn(invitation) }, async (attempt) => {
    const accepted = await acceptInvitationAs(needs, { call, attempt, userAgent: null }, invitation, userId);
    if (isRefusal(accepted)) return refused(accepted);
    const { organization, position } = accepted;
    return { status: 200, body: { user: userBody(accepted.user), organization }, position };
  });
};

/** As a new user of the invited address. */
const acceptAnew = async (
  needs: AuthNeeds,
  call: Call,
  { token, password, displayName: given }: Acceptance & { readonly password: string },
): Promise<Reply | Problem> => {
  const called = given ?? null;
  const invitation = await invitationOf(needs, call, token);
  if (isProblem(invitation)) return invitation;
  // The link must not tell whether there is such a user, nor their password, any faster than elsewhere.
  const refusal =
    (await call.limits.takeForAddress('signup')) ??
    (await call.limits.take('login_account', emailPseudonym(needs.secrets, invitation.email)));
  if (refusal !== null) return refusal;
  const request = {
    ...{ organizationId: nobodysOrganization, operation: 'acceptInvitation' },
    principal: pseudonymOf(needs.secrets, 'token', token),
    ...{ input: { password, called }, about: namedIn(invitation) },
    prove: async () => refusedOrNull(await provePassword(needs, { email: invitation.email, password })),
  };
  return idempotently(needs, call, request, async (attempt) => {
    const opening = { call, attempt, userAgent: userAgentOf(call) };
    const accepted = await acceptInvitationAnew(needs, opening, invitation, { password, displayName: called });
    if (isRefusal(accepted)) return refused(accepted);
    return { status: 201, body: signedInBody(accepted.signedIn), position: accepted.position };
  });
};

/** What the token of an invitation stands for. */
const namedIn = ({ organizationId, invitationId }: AddressedInvitation) => ({ organizationId, invitationId });

// What was never an invitation counts like any unknown key.
const invitationOf = async (
  needs: AuthNeeds,
  { limits }: Call,
  token: string,
): Promise<AddressedInvitation | Problem> => {
  const place = decodeInvitationToken(needs.secrets, token);
  if (place === null) return (await limits.takeForAddress('unknown_key')) ?? refused(noInvitation);
  const invitation = await findInvitation(needs, place);
  return isRefusal(invitation) ? refused(invitation) : invitation;
};
