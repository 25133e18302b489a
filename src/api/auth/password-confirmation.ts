import { z } from 'zod';
import { confirmPassword } from '../../application/accounts/confirm-password.ts';
import { refused } from '../problems/problems.ts';
import { countingFailures } from '../rate-limit/password-tries.ts';
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
    handle: ({ body }, call) => {
      // A stolen access token must not reveal the password faster than the login does; see changePassword.
      const attempt = { device: call.user.sessionId };
      return countingFailures(call.limits, attempt, async () => {
        const refusal = await confirmPassword(needs, call.user, body.password);
        return refusal === null ? { status: 204, body: {} } : refused(refusal);
      });
    },
  });
