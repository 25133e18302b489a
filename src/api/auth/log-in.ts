import { z } from 'zod';
import { logIn } from '../../application/accounts/log-in.ts';
import { provePassword } from '../../application/accounts/open-session.ts';
import { nobodysOrganization } from '../../application/idempotent-attempt.ts';
import { isRefusal } from '../../application/refusal.ts';
import { findDevice, type KnownDevice } from '../../identity/devices/login-devices.ts';
import { type Problem, refused, refusedOrNull } from '../problems/problems.ts';
import { countingFailures } from '../rate-limit/password-tries.ts';
import { type Call, none, publicRoute, type Reply, type Route } from '../route.ts';
import { type AuthNeeds, emailPseudonym, userAgentOf } from './auth-needs.ts';
import { deviceToken, knownEmail, knownPassword, openedBody, openedShape, organizationId } from './shapes.ts';
import { signInOnce } from './sign-in-once.ts';

const loginBody = z
  .strictObject({
    email: knownEmail,
    password: knownPassword,
    organizationId: organizationId.optional(),
    deviceToken: deviceToken.optional(),
  })
  .meta({ id: 'LogIn', example: { email: 'ann@vendor.example', password: 'four small green apples' } });

/** POST /v1/auth/login: opens a session. An unknown user gets the same answer after the same time. */
export const logInRoute = (needs: AuthNeeds): Route =>
  publicRoute({
    method: 'post',
    path: '/v1/auth/login',
    operationId: 'logIn',
    summary: 'Sign in',
    description:
      'Opens a session for one organization: the named organization, or else the open organization that the user joined first. A refresh token works once, so keep the newest one. Keep deviceToken too, and send it with the next login on this device: then wrong passwords that others try do not count. An invalid deviceToken is ignored.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: none, query: none, body: loginBody }),
    replies: { 200: { description: 'The tokens of the new session.', body: openedShape } },
    rejections: ['UNAUTHENTICATED', 'RATE_LIMITED'],
    handle: async ({ body }, call) => {
      const device = await deviceOf(needs, body);
      return withinLoginLimits(needs, call, { email: body.email, device }, (principal) => {
        const place = { organizationId: nobodysOrganization, principal, operation: 'logIn' };
        const request = { ...place, input: body, prove: async () => refusedOrNull(await provePassword(needs, body)) };
        return signInOnce(needs, call, request, async () => {
          const client = { userAgent: userAgentOf(call), device, actsFor: call.actsFor };
          const session = await logIn(needs, client, body);
          if (isRefusal(session)) return refused(session);
          return { status: 200, body: openedBody(session) };
        });
      });
    },
  });

/** Returns the device of a token that a login to this account gave, or null. */
export const deviceOf = async (
  { pool, secrets, now }: AuthNeeds,
  { email, deviceToken: token }: { readonly email: string; readonly deviceToken?: string | undefined },
): Promise<KnownDevice | null> =>
  token === undefined ? null : findDevice(pool, secrets, { email, token, now: new Date(now()) });

/**
 * Does `work`, which checks the password of an address, within the limits of logins. `work` gets the pseudonym of the
 * address.
 */
export const withinLoginLimits = async (
  { secrets }: Pick<AuthNeeds, 'secrets'>,
  call: Call,
  { email, device }: { readonly email: string; readonly device: KnownDevice | null },
  work: (principal: string) => Promise<Reply | Problem>,
): Promise<Reply | Problem> => {
  const principal = emailPseudonym(secrets, email);
  const id = device?.hash.toString('base64url');
  // Behind a shared address, the logins of others do not count for a known device either. All devices of an account
  // count together, because each login stores a session.
  const refusal = await (id === undefined
    ? call.limits.takeForAddress('login')
    : call.limits.take('login', `account ${principal}`));
  if (refusal !== null) return refusal;
  const attempt = id === undefined ? { account: principal } : { device: id };
  return countingFailures(call.limits, attempt, () => work(principal));
};
