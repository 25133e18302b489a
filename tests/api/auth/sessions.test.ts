import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { expectNothingTold, password, read, sessionRequests } from './session-requests.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const { post, logIn, refresh, me, signUp, join, close } = sessionRequests(() => ledger);

describe('A login', () => {
  test('opens a new session for the organization that was joined first', async () => {
    const user = await signUp('First');
    await join(user, ledger.a.organizationId);
    const [one, other] = [await logIn(user.email), await logIn(user.email.toUpperCase())];
    expect([one.status, one.body]).toMatchObject([
      200,
      { user: { id: user.userId, email: user.email }, organization: { id: user.organizationId, role: 'OWNER' } },
    ]);
    expect(one.body.refreshToken).not.toBe(other.body.refreshToken);
    const sessionIds = [one, other].map(async ({ body }) => (await me(String(body.accessToken))).body.sessionId);
    expect(new Set(await Promise.all(sessionIds)).size).toBe(2);
  });

  test('uses the named organization and ignores closed ones', async () => {
    const user = await signUp('To be closed');
    await join(user, ledger.a.organizationId);
    const named = await logIn(user.email, { organizationId: ledger.a.organizationId });
    expect(named.body.organization).toEqual({ id: ledger.a.organizationId, name: 'Vendor A', role: 'MEMBER' });
    await close(user.organizationId);
    expect((await logIn(user.email)).body.organization).toMatchObject({ id: ledger.a.organizationId });
  });

  test('returns a token without an organization to a user without one', async () => {
    const user = await signUp('To be closed');
    await close(user.organizationId);
    const { body } = await logIn(user.email);
    expect(body.organization).toBeNull();
    const { accessToken } = read(body);
    expect((await me(accessToken)).body).toMatchObject({ user: { id: user.userId }, organization: null });
    const asOrganization = await ledger.call('GET', '/v1/licenses', { key: accessToken });
    expect([asOrganization.status, asOrganization.body.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('gives one answer to unknown, wrong, deactivated and pending logins and to other organizations', async () => {
    const user = await signUp();
    const gone = await signUp();
    await join(gone, gone.organizationId, 'OWNER').catch(() => undefined);
    await close(gone.organizationId);
    const deleted = await ledger.call('DELETE', `/v1/users/${gone.userId}`, { key: gone.accessToken });
    expect(deleted.status).toBe(204);
    const id = { 'x-request-id': 'same' };
    const tries = [
      { email: `${randomUUID()}@vendor.example`, password },
      { email: 'no address', password },
      { email: user.email, password: `${password}.` },
      { email: gone.email, password },
      { email: user.email, password, organizationId: ledger.b.organizationId },
    ];
    await expectNothingTold(await Promise.all(tries.map((body) => post('login', body, undefined, id))));
  });

  test('returns the same session when it is repeated with its Idempotency-Key', async () => {
    const user = await signUp();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await post('login', { email: user.email, password }, undefined, headers);
    const again = await post('login', { email: user.email, password }, undefined, headers);
    expect(again.text).toBe(first.text);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test('replaces an outdated password hash with a stronger one', async () => {
    const user = await signUp();
    const { default: argon2 } = await import('argon2');
    const outdated = await argon2.hash(password, { memoryCost: 1_024, timeCost: 1, parallelism: 1 });
    const hash = async () => {
      const { rows } = await ledger.database.superuser.query<{ password_hash: string }>(
        'select password_hash from identity.users where user_id = $1',
        [user.userId],
      );
      return rows[0]?.password_hash;
    };
    await ledger.database.superuser.query('update identity.users set password_hash = $2 where user_id = $1', [
      user.userId,
      outdated,
    ]);
    expect((await logIn(user.email)).status).toBe(200);
    // The cost of `cheapPasswords`, which this product has.
    expect(await hash()).toMatch(/^\$argon2id\$v=19\$m=1024,t=2,p=1\$/);
    expect((await logIn(user.email)).status).toBe(200);
  });
});

test('An expired access token is refused with TOKEN_EXPIRED', async () => {
  const user = await signUp();
  ledger.clock.aheadMs = 3_606_000;
  try {
    const late = await me(user.accessToken);
    expect([late.status, late.body.code]).toEqual([401, 'TOKEN_EXPIRED']);
  } finally {
    ledger.clock.aheadMs = 0;
  }
});

test('A logout ends its session at once, and no other session', async () => {
  const user = await signUp();
  const other = read((await logIn(user.email)).body);
  const answer = await post('logout', {}, user.accessToken);
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect((await me(user.accessToken)).status).toBe(401);
  expect((await refresh(user.refreshToken)).status).toBe(401);
  expect((await me(other.accessToken)).status).toBe(200);
});

test('Users list their sessions, see the current one and end single ones', async () => {
  const user = await signUp();
  const agent = { 'user-agent': 'tests/1.0' };
  const other = await post('login', { email: user.email, password }, undefined, agent);
  const key = user.accessToken;
  const list = async () => (await ledger.call('GET', '/v1/auth/sessions', { key })).body;
  const both = await list();
  expect(both).toMatchObject({
    data: [
      { isCurrent: false, userAgent: 'tests/1.0', organizationId: user.organizationId },
      { isCurrent: true, id: expect.stringMatching(/^ses_/) },
    ],
    nextCursor: null,
    hasMore: false,
  });
  const path = `/v1/auth/sessions/${both.data?.[0]?.id}`;
  const stranger = await signUp();
  const foreign = await ledger.call('DELETE', path, { key: stranger.accessToken });
  expect([foreign.status, foreign.body.code]).toEqual([404, 'NOT_FOUND']);
  expect((await ledger.call('DELETE', path, { key })).status).toBe(204);
  expect((await ledger.call('DELETE', path, { key })).status).toBe(404);
  expect(Object.values((await list()).data ?? {})).toHaveLength(1);
  expect((await me(String(other.body.accessToken))).status).toBe(401);
  expect((await refresh(other.body.refreshToken)).status).toBe(401);
});

test('Switching returns a token for another organization, and the session continues for it', async () => {
  const user = await signUp('First');
  await join(user, ledger.a.organizationId);
  const switched = await post('switch', { organizationId: ledger.a.organizationId }, user.accessToken);
  expect([switched.status, switched.body]).toMatchObject([
    200,
    { tokenType: 'Bearer', user: { id: user.userId }, organization: { id: ledger.a.organizationId, role: 'MEMBER' } },
  ]);
  expect((await me(String(switched.body.accessToken))).body.organization?.id).toBe(ledger.a.organizationId);
  expect((await me(user.accessToken)).body.organization?.id).toBe(user.organizationId);
  expect((await refresh(user.refreshToken)).body.organization?.id).toBe(ledger.a.organizationId);

  const same = { 'x-request-id': 'same' };
  const foreign = await post('switch', { organizationId: ledger.b.organizationId }, user.accessToken, same);
  const unknown = { organizationId: 'org_01h455vb4pex5vsknk084sn02q' };
  expect([foreign.status, foreign.body.code]).toEqual([404, 'ORGANIZATION_NOT_FOUND']);
  expect((await post('switch', unknown, user.accessToken, same)).text).toBe(foreign.text);
});

test('A password change needs the current password and ends all other sessions', async () => {
  const user = await signUp();
  const other = read((await logIn(user.email)).body);
  const change = (currentPassword: string, newPassword: string) =>
    post('password', { currentPassword, newPassword }, user.accessToken);
  const wrong = await change('a wrong password', 'seven tall blue pears');
  expect([wrong.status, wrong.body.code, wrong.body.errors]).toMatchObject([
    403,
    'FORBIDDEN',
    [{ pointer: '/currentPassword' }],
  ]);
  expect((await change(password, 'short')).body.errors).toMatchObject([{ pointer: '/newPassword' }]);
  expect((await me(other.accessToken)).status).toBe(200);

  const changed = await change(password, 'seven tall blue pears');
  expect([changed.status, changed.text]).toEqual([204, '']);
  expect((await me(user.accessToken)).status).toBe(200);
  expect((await me(other.accessToken)).status).toBe(401);
  expect((await refresh(other.refreshToken)).status).toBe(401);
  expect((await refresh(user.refreshToken)).status).toBe(200);
  expect((await logIn(user.email)).status).toBe(401);
  expect((await logIn(user.email, { password: 'seven tall blue pears' })).status).toBe(200);
});

test('An API key is not accepted as a user', async () => {
  const answer = await me(ledger.a.apiKey);
  expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
});

test('An Idempotency-Key of one session is refused in another session', async () => {
  const user = await signUp();
  const other = read((await logIn(user.email)).body);
  const requests = [
    ['switch', { organizationId: user.organizationId }, 200],
    ['password', { currentPassword: 'wrong', newPassword: password }, 403],
  ] as const;
  for (const [path, body, status] of requests) {
    const headers = { 'idempotency-key': path };
    const done = await post(path, body, user.accessToken, headers);
    expect(done.status).toBe(status);
    expect((await post(path, body, other.accessToken, headers)).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect((await post(path, body, user.accessToken, headers)).text).toBe(done.text);
  }
});

test('Clients may cache the public keys of access tokens', async () => {
  const answer = await ledger.call('GET', '/.well-known/jwks.json');
  expect(answer.body).toEqual({
    keys: [
      {
        kty: 'EC',
        crv: 'P-256',
        alg: 'ES256',
        use: 'sig',
        kid: expect.stringMatching(/^[\w-]{16}$/),
        x: expect.any(String),
        y: expect.any(String),
      },
    ],
  });
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  expect((await ledger.call('GET', '/livez')).headers.get('cache-control')).toBe('no-store');
});

test('Events, the log and stored answers contain no address, name, password or token', async () => {
  const canary = `canary${randomUUID().slice(0, 8)}`;
  const email = `${canary}@vendor.example`;
  const secret = `${canary} and four apples`;
  const fields = { email, password: secret, displayName: canary };
  const headers = () => ({ 'idempotency-key': randomUUID() });
  const { body } = await post('signup', fields, undefined, headers());
  const tokens = read(body);
  await post('signup', fields, undefined, headers());
  await post('signup', { ...fields, email: canary }, undefined, headers());
  const login = await post('login', { email, password: secret }, undefined, headers());
  await post('login', { email, password: `${secret}.` }, undefined, headers());
  const refreshed = await refresh(tokens.refreshToken, headers());
  await post('password', { currentPassword: canary, newPassword: secret }, tokens.accessToken, headers());
  const events = JSON.stringify(await ledger.events(), (_name, value) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
  const { rows } = await ledger.database.superuser.query<{ text: string }>(
    'select i::text as text from ops.idempotency i',
  );
  const kept = rows.map(({ text }) => text).join('\n');
  const log = ledger.logged.join('');
  expect(log).toContain('signUp');
  expect(kept).toContain('logIn');
  const used = [login, refreshed].flatMap((answer) => Object.values(read(answer.body)));
  for (const each of [canary, tokens.refreshToken, tokens.accessToken, ...used]) {
    expect(each.length).toBeGreaterThan(5);
    expect(events).not.toContain(each);
    expect(log).not.toContain(each);
    expect(kept).not.toContain(each);
  }
});
