import { z } from 'zod';
import { logIn } from '../../application/accounts/log-in.ts';
import { provePassword } from '../../application/accounts/open-session.ts';
import { nobodysOrganization } from '../../application/idempotent-attempt.ts';
import { isRefusal } from '../../application/refusal.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { refused, refusedOrNull } from '../problems/problems.ts';
import { none, publicRoute, type Route } from '../route.ts';
import { type AuthNeeds, emailPseudonym, userAgentOf } from './auth-needs.ts';
import { knownEmail, knownPassword, organizationId, signedInBody, tokensShape } from './shapes.ts';

const loginBody = z
  .strictObject({ email: knownEmail, password: knownPassword, organizationId: organizationId.optional() })
  .meta({ id: 'LogIn', example: { email: 'ann@vendor.example', password: 'four small green apples' } });

/** POST /v1/auth/login: opens a session. An unknown user gets the same answer after the same time. */
export const logInRoute = (needs: AuthNeeds): Route =>
  publicRoute({
    method: 'post',
    path: '/v1/auth/login',
    operationId: 'logIn',
    summary: 'Sign in',
    description:
      'Opens a session for one organization: the named organization, or else the open organization that the user joined first. A refresh token works once, so keep the newest one.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: none, query: none, body: loginBody }),
    replies: { 200: { description: 'The tokens of the new session.', body: tokensShape } },
    rejections: ['UNAUTHENTICATED', 'RATE_LIMITED'],
    handle: async ({ body }, call) => {
      const principal = emailPseudonym(needs.secrets, body.email);
      const refusal =
        (await call.limits.takeForAddress('login')) ?? (await call.limits.take('login_account', principal));
      if (refusal !== null) return refusal;
      const place = { organizationId: nobodysOrganization, principal, operation: 'logIn' };
      const request = { ...place, input: body, prove: async () => refusedOrNull(await provePassword(needs, body)) };
      return idempotently(needs, call, request, async () => {
        const session = await logIn(needs, { userAgent: userAgentOf(call), actsFor: call.actsFor }, body);
        if (isRefusal(session)) return refused(session);
        call.actsAs(session.user.userId);
        await call.limits.loggedIn(principal);
        return { status: 200, body: signedInBody(session) };
      });
    },
  });
