import { z } from 'zod';
import { changePassword, proveChange } from '../../application/accounts/change-password.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { refused, refusedOrNull } from '../problems/problems.ts';
import { none, type Route, userRoute } from '../route.ts';
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
      // A stolen access token must not reveal the password faster than the login does. The count is apart from that of
      // the login, so that a stranger who tries to log in cannot stop the owner from changing the password.
      const take = () => call.limits.take('login_account', userId);
      const request = {
        ...sessionRequest(call, 'changePassword', body),
        prove: async () => (await take()) ?? refusedOrNull(await proveChange(needs, userId, body.newPassword)),
      };
      return idempotently(needs, call, request, async () => {
        const limit = await take();
        if (limit !== null) return limit;
        const refusal = await changePassword(needs, call.user, body);
        if (refusal !== null) return refused(refusal);
        await call.limits.loggedIn(userId);
        return { status: 204, body: {} };
      });
    },
  });
