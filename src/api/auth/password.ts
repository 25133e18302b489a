import { z } from 'zod';
import { keyReused } from '../../application/attempt.ts';
import { findUserByEmail, getUser, changePassword as replacePassword } from '../../identity/users.ts';
import { idempotently } from '../idempotency.ts';
import { type Problem, problem, refused } from '../problems.ts';
import { none, type Reply, type Route, type UserCall, userRoute } from '../route.ts';
import type { AuthNeeds } from './needs.ts';
import { sessionRequest } from './sessions.ts';
import { knownPassword, newPassword, notSignedIn } from './shapes.ts';

const passwordBody = z.strictObject({ currentPassword: knownPassword, newPassword }).meta({
  id: 'ChangePassword',
  example: { currentPassword: 'four small green apples', newPassword: 'seven tall blue pears' },
});

/** POST /v1/auth/password: changes the password and ends all other sessions. */
export const changePassword = (needs: AuthNeeds): Route =>
  userRoute({
    method: 'post',
    path: '/v1/auth/password',
    operationId: 'changePassword',
    summary: 'Change the own password',
    description: 'All other sessions of the user end.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: none, query: none, body: passwordBody }),
    replies: { 204: { description: 'Changed.' } },
    rejections: ['FORBIDDEN', 'RATE_LIMITED'],
    handle: ({ body }, call) =>
      idempotently(
        needs,
        call,
        {
          ...sessionRequest(call, 'changePassword', body),
          prove: async () => {
            const refusal = await call.limits.take('login_account', call.user.userId);
            if (refusal !== null) return refusal;
            const from = await currentHash(needs, call);
            return (await needs.accounts.passwords.verify(from, body.newPassword)) === 'wrong'
              ? refused(keyReused)
              : null;
          },
        },
        () => change(needs, call, body),
      ),
  });

const change = async (
  needs: AuthNeeds,
  call: UserCall,
  wanted: z.output<typeof passwordBody>,
): Promise<Reply | Problem> => {
  const { pool, accounts } = needs;
  const { passwords, forgetting } = accounts;
  const { userId, sessionId } = call.user;
  // Who stole an access token must not find out the password with it, any faster than at the login; counted apart from that,
  // or a stranger who tries to log in would keep the owner from changing the password.
  const refusal = await call.limits.take('login_account', userId);
  if (refusal !== null) return refusal;
  if ((await getUser(pool, userId)) === null) return notSignedIn;
  const from = await currentHash(needs, call);
  if ((await passwords.verify(from, wanted.currentPassword)) === 'wrong' || from === null) return wrongPassword;
  const passwordHash = await passwords.hash(wanted.newPassword);
  const now = new Date(needs.now());
  const outcome = await replacePassword(pool, userId, { from, passwordHash, sessionId, now });
  if (outcome === 'over') return notSignedIn;
  if (outcome === 'wrong') return wrongPassword;
  forgetting.forgetUser(userId);
  await call.limits.loggedIn(userId);
  return { status: 204, body: {} };
};

const currentHash = async ({ pool }: AuthNeeds, { user }: UserCall): Promise<string | null> => {
  const shown = await getUser(pool, user.userId);
  return shown === null ? null : ((await findUserByEmail(pool, shown.email))?.passwordHash ?? null);
};

const wrong = 'This is not the current password.';
const wrongPassword = problem('FORBIDDEN', wrong, [{ pointer: '/currentPassword', detail: wrong }]);
