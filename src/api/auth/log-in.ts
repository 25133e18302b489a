import { z } from 'zod';
import { openOrganizations, openSignedIn, provePassword } from '../../application/accounts/open-session.ts';
import { nobodysOrganization } from '../../application/attempt.ts';
import { findUserByEmail, rehashPassword, type UserByEmail } from '../../identity/users.ts';
import { idempotently } from '../idempotency.ts';
import { type Problem, refusedOrNull } from '../problems.ts';
import { type Call, none, publicRoute, type Reply, type Route } from '../route.ts';
import { type AuthNeeds, emailPseudonym, userAgentOf } from './needs.ts';
import { knownEmail, knownPassword, notSignedIn, organizationId, signedInBody, tokensShape } from './shapes.ts';

const loginBody = z
  .strictObject({ email: knownEmail, password: knownPassword, organizationId: organizationId.optional() })
  .meta({ id: 'LogIn', example: { email: 'ann@vendor.example', password: 'four small green apples' } });

type Login = z.output<typeof loginBody>;

/** POST /v1/auth/login: opens a session. Takes as long and answers the same whether there is such a user or not. */
export const logIn = (needs: AuthNeeds): Route =>
  publicRoute({
    method: 'post',
    path: '/v1/auth/login',
    operationId: 'logIn',
    summary: 'Sign in',
    description:
      'Opens a session for one organization: the one named, else the open one that was joined first. The refresh token is good for one use: keep the newest.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: none, query: none, body: loginBody }),
    replies: { 200: { description: 'Signed in.', body: tokensShape } },
    rejections: ['UNAUTHENTICATED', 'RATE_LIMITED'],
    handle: async ({ body }, call) => {
      const principal = emailPseudonym(needs.secrets, body.email);
      const refused =
        (await call.limits.takeForAddress('login')) ?? (await call.limits.take('login_account', principal));
      if (refused !== null) return refused;
      const place = { organizationId: nobodysOrganization, principal, operation: 'logIn' };
      const request = { ...place, input: body, prove: async () => refusedOrNull(await provePassword(needs, body)) };
      return idempotently(needs, call, request, () => open(needs, call, body, 'at first'));
    },
  });

const open = async (
  needs: AuthNeeds,
  call: Call,
  login: Login,
  time: 'at first' | 'once more',
): Promise<Reply | Problem> => {
  const { pool, accounts, secrets } = needs;
  const user = await findUserByEmail(pool, login.email);
  const isActive = user?.state === 'active';
  const checked = await accounts.passwords.verify(isActive ? user.passwordHash : null, login.password);
  if (!isActive || checked === 'wrong') return notSignedIn;
  const passwordHash = checked === 'right' ? user.passwordHash : await strengthen(needs, user, login.password);
  const organizations = await openOrganizations(needs, user.userId);
  const wanted = login.organizationId;
  const organization = wanted === undefined ? organizations[0] : organizations.find(({ id }) => id === wanted);
  if (wanted !== undefined && organization === undefined) return notSignedIn;
  if (organization !== undefined) call.actsFor(organization.id);
  const proven = { userId: user.userId, passwordHash };
  const userAgent = userAgentOf(call);
  const session = await openSignedIn(needs, { ...proven, organization: organization ?? null, userAgent });
  // The password was changed since it was checked, or another login has just strengthened its hash.
  if (session === null) return time === 'at first' ? open(needs, call, login, 'once more') : notSignedIn;
  await call.limits.loggedIn(emailPseudonym(secrets, login.email));
  return { status: 200, body: signedInBody(session) };
};

const strengthen = async ({ pool, accounts }: AuthNeeds, user: UserByEmail, password: string): Promise<string> => {
  const strongerHash = await accounts.passwords.hash(password);
  return (await rehashPassword(pool, user, strongerHash)) ? strongerHash : user.passwordHash;
};
