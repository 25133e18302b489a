import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { invite } from '../../support/invitations.ts';
import { type Answer, type Ledger, startLedger } from '../../support/ledger.ts';
import { limitedFront } from '../../support/limits.ts';
import { createUser, openTestSession } from '../../support/users.ts';

// No test sees the end of a window.
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger({
    frontOf: limitedFront(
      'login=4/3600,signup=2/3600,login_account=6/3600,login_device=6/3600,unknown_key=3/3600,free=2000/3600',
      {
        trustProxy: 1,
      },
    ),
  });
});
afterAll(() => ledger.stop());

const addresses = Array.from({ length: 5_000 }, (_, index) => `10.7.${index >> 8}.${index & 255}`).values();
const elsewhere = () => ({ 'x-forwarded-for': String(addresses.next().value) });
const password = 'four small green apples';
const signUp = (email: string, headers = elsewhere()) =>
  ledger.call('POST', '/v1/auth/signup', { body: { email, password, organizationName: 'Acme' }, headers });
const logIn = (email: string, attempted: string, headers = elsewhere()) =>
  ledger.call('POST', '/v1/auth/login', { body: { email, password: attempted }, headers });
const outline = ({ status, headers }: Answer) => [status, /"(\w+)";r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[0]];
const refusedBy = ({ status, body }: Answer) => [status, body.code, /limit (\w+) of/.exec(String(body.detail))?.[1]];

describe('An address', () => {
  test('signs up as often as its quota allows, and other addresses are not affected', async () => {
    const here = elsewhere();
    expect(outline(await signUp('a@limits.example', here))).toEqual([201, '"signup";r=1']);
    // What is refused for another reason counts, too: it tells who has an account.
    expect(outline(await signUp('a@limits.example', here))).toEqual([409, '"signup";r=0']);
    const refused = await signUp('b@limits.example', here);
    expect(refusedBy(refused)).toEqual([429, 'RATE_LIMITED', 'signup']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await signUp('b@limits.example')).status).toBe(201);
  });

  test('signs in as often as its quota allows, for all accounts together', async () => {
    await signUp('c@limits.example');
    const here = elsewhere();
    const answers = [
      await logIn('c@limits.example', password, here),
      await logIn('c@limits.example', 'wrong', here),
      await logIn('nobody@limits.example', password, here),
      await logIn('nobody-else@limits.example', password, here),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 401, 401]);
    expect(refusedBy(await logIn('c@limits.example', password, here))).toEqual([429, 'RATE_LIMITED', 'login']);
    expect((await logIn('c@limits.example', password)).status).toBe(200);
  });

  test('accepts invitations with a password as often as it signs up', async () => {
    const here = elsewhere();
    const accept = async (email: string) => {
      const { token } = await invite(ledger, email);
      return ledger.call('POST', '/v1/invitations/accept', { body: { token, password }, headers: here });
    };
    expect((await accept('invited@limits.example')).status).toBe(201);
    expect((await accept('invited@limits.example')).body.code).toBe('EMAIL_TAKEN');
    expect(refusedBy(await accept('invited-too@limits.example'))).toEqual([429, 'RATE_LIMITED', 'signup']);
  });

  test('may try a few unknown refresh tokens and invitations, counted together', async () => {
    const here = elsewhere();
    const refresh = () =>
      ledger.call('POST', '/v1/auth/refresh', { body: { refreshToken: `lgr_rt_${'x'.repeat(43)}` }, headers: here });
    const accept = () =>
      ledger.call('POST', '/v1/invitations/accept', { body: { token: 'AQ3mXgTq', password }, headers: here });
    expect([(await refresh()).status, (await accept()).status, (await refresh()).status]).toEqual([401, 404, 401]);
    expect(refusedBy(await refresh())).toEqual([429, 'RATE_LIMITED', 'unknown_key']);
    expect(refusedBy(await accept())).toEqual([429, 'RATE_LIMITED', 'unknown_key']);
  });
});

describe('An account', () => {
  const tryWrongly = async (email: string, times: number) => {
    for (let time = 0; time < times; time += 1) expect((await logIn(email, 'wrong')).status).toBe(401);
  };

  test('is also closed to the acceptance of an invitation to its address', async () => {
    const email = 'known@limits.example';
    await signUp(email);
    const { token } = await invite(ledger, email.toUpperCase());
    const accept = () =>
      ledger.call('POST', '/v1/invitations/accept', { body: { token, password }, headers: elsewhere() });
    await tryWrongly(email, 5);
    expect((await accept()).body.code).toBe('EMAIL_TAKEN');
    expect(refusedBy(await accept())).toEqual([429, 'RATE_LIMITED', 'login_account']);
  });

  test('that does not exist is limited in the same way, in any spelling', async () => {
    await tryWrongly('ghost@limits.example', 6);
    expect(refusedBy(await logIn('GHOST@limits.example', 'wrong'))).toEqual([429, 'RATE_LIMITED', 'login_account']);
  });

  test('limits password tries with a stolen access token', async () => {
    const { body } = await signUp('stolen@limits.example');
    const key = String(body.accessToken);
    const change = (headers: Record<string, string> = {}) =>
      ledger.call('POST', '/v1/auth/password', {
        key,
        headers: { ...elsewhere(), ...headers },
        body: { currentPassword: 'wrong', newPassword: 'seven tall blue pears' },
      });
    for (let time = 0; time < 6; time += 1) expect((await change()).status).toBe(403);
    expect(refusedBy(await change({ 'idempotency-key': 'k' }))).toEqual([429, 'RATE_LIMITED', 'login_device']);
  });
});

test('A signed-in user is counted for the organization in all requests', async () => {
  const { body } = await signUp('member@limits.example');
  const ask = (path: string) => ledger.call('GET', path, { key: String(body.accessToken), headers: elsewhere() });
  const answers = [await ask('/v1/auth/me'), await ask('/v1/licenses'), await ask('/v1/auth/sessions')];
  expect(answers.map(outline)).toEqual([1999, 1998, 1997].map((left) => [200, `"free";r=${left}`]));
});

test('A signed-in user without an organization is counted alone', async () => {
  const { userId } = await createUser(ledger.database.api);
  const { sessionId } = await openTestSession(ledger.database.api, userId, { now: new Date() });
  const { token: key } = ledger.accessTokens.signAccessToken({ sub: userId, tid: null, sid: sessionId });
  const ask = (path: string) => ledger.call('GET', path, { key, headers: elsewhere() });
  const answers = [await ask('/v1/licenses'), await ask('/v1/auth/sessions'), await ask('/v1/licenses')];
  expect(answers.map(outline)).toEqual([
    [401, '"free";r=1999'],
    [200, '"free";r=1998'],
    [401, '"free";r=1997'],
  ]);
});
