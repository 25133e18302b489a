import { z } from 'zod';
import { acceptInvitation } from '../../application/accounts/accept-invitation.ts';
import { acceptInvitationAsNewUser } from '../../application/accounts/accept-invitation-as-new-user.ts';
import { type AddressedInvitation, findInvitation, noInvitation } from '../../application/accounts/find-invitation.ts';
import { provePassword } from '../../application/accounts/open-session.ts';
import { nobodysOrganization } from '../../application/idempotent-attempt.ts';
import { isRefusal } from '../../application/refusal.ts';
import { authorizeUser } from '../authorize.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { decodeInvitationToken } from '../organizations/invitation-token.ts';
import { isProblem, type Problem, refused, refusedOrNull } from '../problems/problems.ts';
import { countingFailures } from '../rate-limit/password-tries.ts';
import { type Call, none, publicRoute, type Reply, type Route } from '../route.ts';
import { type AuthNeeds, emailPseudonym, userAgentOf } from './auth-needs.ts';
import { displayName, memberOfShape, newPassword, openedBody, openedShape, userBody, userShape } from './shapes.ts';
import { signInOnce } from './sign-in-once.ts';

const acceptBody = z
  .strictObject({
    token: z.string().min(1).max(500),
    password: newPassword.optional(),
    displayName: displayName.optional(),
    replaceAccount: z.boolean().optional().meta({
      description:
        'With the mailed token: true makes a new user also when a user with another password has the address and never proved it. That user loses the address and all sessions, and keeps the rest. Absent: false.',
    }),
  })
  .refine(({ password, replaceAccount }) => password !== undefined || replaceAccount === undefined, {
    path: ['replaceAccount'],
    message: 'needs a password: only a new user replaces an account',
  })
  .refine(({ password, displayName: name }) => password !== undefined || name === undefined, {
    path: ['displayName'],
    message: 'needs a password: only a new user gets a name here',
  })
  .meta({
    id: 'AcceptInvitation',
    example: { token: 'AQ3mXgTq', password: 'four small green apples', displayName: 'Ann Lee' },
  });

/** POST /v1/invitations/accept: makes the invited person a member, as an existing or a new user. */
export const acceptInvitationRoute = (needs: AuthNeeds): Route =>
  publicRoute({
    method: 'post',
    path: '/v1/invitations/accept',
    operationId: 'acceptInvitation',
    summary: 'Accept an invitation',
    description:
      'With a password, creates a user with the invited address and signs in, unless SIGNUP_MODE of the server is closed (403 SIGNUP_CLOSED). A user who never proved the address joins with the mailed token and its own password. With another password the answer is 409 EMAIL_TAKEN, and replaceAccount makes a new user, who gets the address. Without a password, send the access token of the user who has that address. Send displayName only together with a password.',
    tag: 'Members',
    takesAccessToken: true,
    effect: 'append',
    request: z.object({ params: none, query: none, body: acceptBody }),
    replies: {
      200: {
        description: 'The signed-in user is a member now. Get a token for the organization with /v1/auth/switch.',
        body: z.strictObject({ user: userShape, organization: memberOfShape }).meta({ id: 'InvitationAccepted' }),
      },
      201: { description: 'The new user is a member and signed in.', body: openedShape },
    },
    rejections: [
      'UNAUTHENTICATED',
      'TOKEN_EXPIRED',
      'FORBIDDEN',
      'NOT_FOUND',
      'EMAIL_TAKEN',
      'RATE_LIMITED',
      'SIGNUP_CLOSED',
      'ALREADY_MEMBER',
      'USER_LIMIT_EXCEEDED',
      'ORGANIZATION_CLOSED',
    ],
    handle: ({ body }, call) => {
      const { password } = body;
      return password === undefined
        ? acceptAsUser(needs, call, body)
        : acceptAsNewUser(needs, call, { ...body, password });
    },
  });

type Acceptance = z.output<typeof acceptBody>;

/** Accepts the invitation as the signed-in user. */
const acceptAsUser = async (needs: AuthNeeds, call: Call, body: Acceptance): Promise<Reply | Problem> => {
  const user = await authorizeUser(needs.authenticate, call);
  if (isProblem(user)) return user;
  const invitation = await invitationOf(needs, call, body.token);
  if (isProblem(invitation)) return invitation;
  const { userId } = user;
  const place = { organizationId: userId, principal: userId, operation: 'acceptInvitation' };
  return idempotently(needs, call, { ...place, input: body, about: idsOf(invitation) }, async (attempt) => {
    const accepted = await acceptInvitation(needs, { call, attempt, userAgent: null }, invitation, userId);
    if (isRefusal(accepted)) return refused(accepted);
    const { organization, position } = accepted;
    return { status: 200, body: { user: userBody(accepted.user), organization }, position };
  });
};

/** Accepts the invitation as a new user with the invited address. */
const acceptAsNewUser = async (
  needs: AuthNeeds,
  call: Call,
  { token, password, displayName: newName, replaceAccount = false }: Acceptance & { readonly password: string },
): Promise<Reply | Problem> => {
  const name = newName ?? null;
  const invitation = await invitationOf(needs, call, token);
  if (isProblem(invitation)) return invitation;
  // The token must not reveal whether the user exists, or the password, faster than other operations do.
  const refusal = await call.limits.takeForAddress('signup');
  if (refusal !== null) return refusal;
  const request = {
    organizationId: nobodysOrganization,
    operation: 'acceptInvitation',
    // The ids of the token, because no hash of a token is stored. The bearers of the two tokens are different callers.
    principal: `${invitation.isMailed ? 'mailed' : 'shown'} ${invitation.invitationId}`,
    input: { password, called: name },
    about: idsOf(invitation),
    prove: async () => refusedOrNull(await provePassword(needs, { email: invitation.email, password })),
  };
  const accept = () =>
    signInOnce(needs, call, request, async (attempt) => {
      const opening = { call, attempt, userAgent: userAgentOf(call) };
      const member = { password, displayName: name, replaceAccount };
      const accepted = await acceptInvitationAsNewUser(needs, opening, invitation, member);
      if (isRefusal(accepted)) return refused(accepted);
      return { status: 201, body: openedBody(accepted.signedIn), position: accepted.position };
    });
  // A caller with the mailed token may take the address anyway, and no stranger’s wrong passwords may keep the owner from it.
  if (invitation.isMailed) return accept();
  return countingFailures(call.limits, { account: emailPseudonym(needs.secrets, invitation.email) }, accept);
};

/** Returns the ids of an invitation, which recognize a repeated request. */
const idsOf = ({ organizationId, invitationId }: AddressedInvitation) => ({ organizationId, invitationId });

// A token that is not an invitation counts like an unknown key.
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
