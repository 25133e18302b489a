import { z } from 'zod';
import { changePassword, proveChange } from '../../application/accounts/change-password.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { isProblem, type Problem, refused, refusedOrNull } from '../problems/problems.ts';
import { countingFailures } from '../rate-limit/password-tries.ts';
import { none, type Reply, type Route, userRoute } from '../route.ts';
import type { AuthNeeds } from './auth-needs.ts';
import { sessionRequest } from './sessions.ts';
import { knownPassword, newPassword } from './shapes.ts';

const passwordBody = z.strictObject({ currentPassword: knownPassword, newPassword }).meta({
  id: 'ChangePassword',
  example: { currentPassword: 'four small green apples', newPassword: 'seven tall blue pears' },
});

/** POST /v1/auth/password: changes the password and ends all other sessions. */
export const changePasswordRoute = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'post',
    path: '/v1/auth/password',
    operationId: 'changePassword',
    summary: 'Change your password',
    description: 'Changes the password and ends all other sessions of the user.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: none, query: none, body: passwordBody }),
    replies: { 204: { description: 'The password was changed.' } },
    rejections: ['FORBIDDEN', 'RATE_LIMITED'],
    handle: ({ body }, call) => {
      const { userId } = call.user;
      // A stolen access token must not reveal the password faster than the login does. Each session counts its own tries,
      // so that nobody stops the owner from changing the password in another session.
      const attempt = { device: call.user.sessionId };
      const counting = (work: () => Promise<Reply | Problem>) => countingFailures(call.limits, attempt, work);
      const repeated: Reply = { status: 204, body: {} };
      const request = {
        ...sessionRequest(call, 'changePassword', body),
        prove: async () => {
          const proof = await counting(
            async () => refusedOrNull(await proveChange(needs, userId, body.newPassword)) ?? repeated,
          );
          return isProblem(proof) ? proof : null;
        },
      };
      return idempotently(needs, call, request, () =>
        counting(async () => {
          const refusal = await changePassword(needs, call.user, body);
          return refusal === null ? { status: 204, body: {} } : refused(refusal);
        }),
      );
    },
  });
