import { z } from 'zod';
import { findUserByEmail, getUser, setPassword } from '../../identity/users.ts';
import { idempotently } from '../idempotency.ts';
import { type Problem, problem } from '../problems.ts';
import { none, type Reply, type Route, type UserCall, userRoute } from '../route.ts';
import { type AuthNeeds, emailPseudonym } from './needs.ts';
import { userRequest } from './sessions.ts';
import { knownPassword, newPassword } from './shapes.ts';
import { notSignedIn } from './tokens.ts';

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
      idempotently(needs, call, userRequest(call, 'changePassword', body), () => change(needs, call, body)),
  });

const change = async (
  needs: AuthNeeds,
  call: UserCall,
  wanted: z.output<typeof passwordBody>,
): Promise<Reply | Problem> => {
  const { pool, secrets, accounts } = needs;
  const { passwords, forgetting } = accounts;
  const { userId, sessionId } = call.user;
  const shown = await getUser(pool, userId);
  if (shown === null) return notSignedIn;
  // Who stole an access token must not find out the password with it, faster than at the login.
  const pseudonym = emailPseudonym(secrets, shown.email);
  const refused = await call.limits.take('login_account', pseudonym);
  if (refused !== null) return refused;
  const user = await findUserByEmail(pool, shown.email);
  if ((await passwords.verify(user?.passwordHash ?? null, wanted.currentPassword)) === 'wrong') {
    const detail = 'This is not the current password.';
    return problem('FORBIDDEN', detail, [{ pointer: '/currentPassword', detail }]);
  }
  const passwordHash = await passwords.hash(wanted.newPassword);
  const now = new Date(needs.now());
  if (!(await setPassword(pool, userId, { passwordHash, exceptSessionId: sessionId, now }))) return notSignedIn;
  forgetting.forgetUser(userId);
  await call.limits.loggedIn(pseudonym);
  return { status: 204, body: {} };
};
