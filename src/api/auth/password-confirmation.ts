import { z } from 'zod';
import { confirmPassword } from '../../application/accounts/confirm-password.ts';
import { refused } from '../problems/problems.ts';
import { none, type Route, userRoute } from '../route.ts';
import type { AuthNeeds } from './auth-needs.ts';
import { knownPassword } from './shapes.ts';

const confirmationBody = z
  .strictObject({ password: knownPassword })
  .meta({ id: 'ConfirmPassword', example: { password: 'four small green apples' } });

/** POST /v1/auth/password/confirm: proves that the owner of the password uses this session. */
export const confirmPasswordRoute = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'post',
    path: '/v1/auth/password/confirm',
    operationId: 'confirmPassword',
    summary: 'Confirm your password',
    description:
      'Proves for 5 minutes that you use this session. Closing an organization and deactivating a login need that, or a login within the last 5 minutes. Other sessions stay without it. Repeating the request prolongs it.',
    tag: 'Authentication',
    effect: 'none',
    request: z.object({ params: none, query: none, body: confirmationBody }),
    replies: { 204: { description: 'The password was confirmed.' } },
    rejections: ['FORBIDDEN', 'RATE_LIMITED'],
    // Without idempotency: a stored answer would claim a proof that has ended.
    handle: async ({ body }, call) => {
      const { userId } = call.user;
      // A stolen access token must not reveal the password faster than the login does; see changePassword.
      const limit = await call.limits.take('login_account', userId);
      if (limit !== null) return limit;
      const refusal = await confirmPassword(needs, call.user, body.password);
      if (refusal !== null) return refused(refusal);
      await call.limits.loggedIn(userId);
      return { status: 204, body: {} };
    },
  });
