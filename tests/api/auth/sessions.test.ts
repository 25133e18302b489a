import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { organizationAggregate } from '../../../src/aggregates/aggregates.ts';
import { createRefreshToken } from '../../../src/identity/refresh-token.ts';
import { context, send as sendCommand } from '../../support/commands.ts';
import { type Answer, type Ledger, startLedger } from '../../support/ledger.ts';
import { joinOrganization } from '../../support/users.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const password = 'four small green apples';
const post = (path: string, body: object, key?: string, headers: Record<string, string> = {}) =>
  ledger.call('POST', `/v1/auth/${path}`, { body, key, headers });
const logIn = (email: string, fields: object = {}) => post('login', { email, password, ...fields });
const refresh = (refreshToken: unknown, headers: Record<string, string> = {}) =>
  post('refresh', { refreshToken }, undefined, headers);
const me = (key: string) => ledger.call('GET', '/v1/auth/me', { key });

const signUp = async (organizationName = 'Tools') => {
  const email = `${randomUUID()}@vendor.example`;
  const { body } = await post('signup', { email, password, organizationName });
  return { email, ...read(body), userId: String(body.user?.id), organizationId: String(body.organization?.id) };
};
const read = (body: Answer['body']) => ({
  accessToken: String(body.accessToken),
  refreshToken: String(body.refreshToken),
});

const join = async (user: { userId: string }, organizationId: string, role: 'MEMBER' | 'OWNER' = 'MEMBER') => {
  const position = await joinOrganization(ledger.needs, { userId: user.userId, organizationId, role });
  await ledger.projected.waitFor(position, 10_000);
};

const close = async (organizationId: string) => {
  const command = { type: 'CloseOrganization', at: ledger.needs.now(), by: { type: 'SYSTEM' }, data: {} } as const;
  const closed = await sendCommand(
    ledger.executor,
    organizationAggregate,
    organizationId,
    command,
    context(),
    () => null,
  );
  if ('rejected' in closed) throw new Error(closed.detail);
  await ledger.projected.waitFor(closed.position.commit, 10_000);
};

/** The request is refused in the one way that tells nothing. */
const expectNothingTold = async (answers: readonly Answer[]) => {
  for (const { status, text, headers } of answers) {
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(text).toBe(answers[0]?.text);
  }
  expect(answers[0]?.body).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
};

describe('login', () => {
  test('opens a session of its own each time, for the organization that was joined first', async () => {
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

  test('takes the organization that is named, and leaves closed ones out', async () => {
    const user = await signUp('To be closed');
    await join(user, ledger.a.organizationId);
    const named = await logIn(user.email, { organizationId: ledger.a.organizationId });
    expect(named.body.organization).toEqual({ id: ledger.a.organizationId, name: 'Vendor A', role: 'MEMBER' });
    await close(user.organizationId);
    expect((await logIn(user.email)).body.organization).toMatchObject({ id: ledger.a.organizationId });
  });

  test('of a user without an organization gives a token that is for none', async () => {
    const user = await signUp('To be closed');
    await close(user.organizationId);
    const { body } = await logIn(user.email);
    expect(body.organization).toBeNull();
    const { accessToken } = read(body);
    expect((await me(accessToken)).body).toMatchObject({ user: { id: user.userId }, organization: null });
    const asOrganization = await ledger.call('GET', '/v1/licenses', { key: accessToken });
    expect([asOrganization.status, asOrganization.body.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('tells nothing: unknown, wrong, deactivated, pending, of another organization are one answer', async () => {
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

  test('sent again with its Idempotency-Key is the same session', async () => {
    const user = await signUp();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await post('login', { email: user.email, password }, undefined, headers);
    const again = await post('login', { email: user.email, password }, undefined, headers);
    expect(again.text).toBe(first.text);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test('stores a stronger hash where the one that is stored is outdated', async () => {
    const user = await signUp();
    const { default: argon2 } = await import('argon2');
    const outdated = await argon2.hash(password, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
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
    expect(await hash()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await logIn(user.email)).status).toBe(200);
  });
});

describe('refresh', () => {
  test('gives the next tokens, for the same organization', async () => {
    const user = await signUp();
    const answer = await refresh(user.refreshToken);
    expect([answer.status, answer.body]).toMatchObject([
      200,
      { tokenType: 'Bearer', user: { id: user.userId }, organization: { id: user.organizationId, role: 'OWNER' } },
    ]);
    const next = read(answer.body);
    expect(next.refreshToken).not.toBe(user.refreshToken);
    expect((await me(next.accessToken)).body.user?.id).toBe(user.userId);
    expect((await refresh(next.refreshToken)).status).toBe(200);
  });

  test('a hundred at once get one successor, and a lost answer is given again', async () => {
    const user = await signUp();
    const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(user.refreshToken)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
    const next = read((await refresh(user.refreshToken)).body);
    expect(next.refreshToken).toBe(answers[0]?.body.refreshToken);
    expect((await refresh(next.refreshToken)).status).toBe(200);
  });

  test('a token used twice ends its session: both tokens of it, and the access tokens', async () => {
    const user = await signUp();
    const next = read((await refresh(user.refreshToken)).body);
    const last = read((await refresh(next.refreshToken)).body);
    const id = { 'x-request-id': 'same' };
    expect((await me(last.accessToken)).status).toBe(200);
    await expectNothingTold([
      await refresh(user.refreshToken, id),
      await refresh(last.refreshToken, id),
      await refresh('lgr_rt_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU', id),
      await refresh('no token', id),
    ]);
    expect((await me(last.accessToken)).status).toBe(401);
  });

  test('a token used twice leaves a trace: whose it was, and never the token', async () => {
    const user = await signUp();
    const counted = async () =>
      /^ledger_refresh_tokens_reused_total (\d+)$/m.exec(await ledger.metrics.registry.metrics())?.[1];
    const before = Number(await counted());
    const next = read((await refresh(user.refreshToken)).body);
    await refresh(next.refreshToken);
    expect(Number(await counted())).toBe(before);
    await refresh(user.refreshToken);
    expect(Number(await counted())).toBe(before + 1);
    const { body } = await me(user.accessToken);
    expect(body.code).toBe('UNAUTHENTICATED');
    const lines = ledger.logged.filter((line) => line.includes('used twice') && line.includes(user.userId));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 40,
      userId: user.userId,
      sessionId: expect.stringMatching(/^ses_/),
    });
    expect(ledger.logged.join('')).not.toContain(user.refreshToken);
  });

  test('an Idempotency-Key does not make a used token work for longer', async () => {
    const user = await signUp();
    const key = { 'idempotency-key': randomUUID() };
    const next = read((await refresh(user.refreshToken, key)).body);
    expect((await refresh(user.refreshToken, key)).body.refreshToken).toBe(next.refreshToken);
    ledger.clock.aheadMs = 11_000;
    try {
      expect((await refresh(user.refreshToken, key)).status).toBe(401);
      expect((await refresh(next.refreshToken, key)).status).toBe(401);
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });

  test('writes nothing for what is no token', async () => {
    const before = await ledger.traces();
    for (const token of [createRefreshToken(), createRefreshToken(), 'no token'])
      expect((await refresh(token, { 'idempotency-key': randomUUID() })).status).toBe(401);
    expect(await ledger.traces()).toEqual(before);
  });

  test('is refused like a login: for one who signed out, and after a week', async () => {
    const [out, late] = [await signUp(), await signUp()];
    const id = { 'x-request-id': 'same' };
    await post('logout', {}, out.accessToken);
    ledger.clock.aheadMs = 604_800_000;
    try {
      const wrong = { email: out.email, password: 'x' };
      await expectNothingTold([
        await post('login', wrong, undefined, id),
        await refresh(out.refreshToken, id),
        await refresh(late.refreshToken, id),
      ]);
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });

  test('names the organization still that was closed, as none', async () => {
    const user = await signUp();
    await close(user.organizationId);
    expect((await refresh(user.refreshToken)).body).toMatchObject({ user: { id: user.userId }, organization: null });
  });
});

test('an access token that is too old says so', async () => {
  const user = await signUp();
  ledger.clock.aheadMs = 3_606_000;
  try {
    const late = await me(user.accessToken);
    expect([late.status, late.body.code]).toEqual([401, 'TOKEN_EXPIRED']);
  } finally {
    ledger.clock.aheadMs = 0;
  }
});

test('logout ends the session at once, and no other', async () => {
  const user = await signUp();
  const other = read((await logIn(user.email)).body);
  const answer = await post('logout', {}, user.accessToken);
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect((await me(user.accessToken)).status).toBe(401);
  expect((await refresh(user.refreshToken)).status).toBe(401);
  expect((await me(other.accessToken)).status).toBe(200);
});

test('sessions are listed, the current one marked, and ended one by one', async () => {
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

test('switching gives a token for another organization of the user, and the session goes on for it', async () => {
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

test('a new password needs the current one, and ends all other sessions', async () => {
  const user = await signUp();
  const other = read((await logIn(user.email)).body);
  const change = (currentPassword: string, newPassword: string) =>
    post('password', { currentPassword, newPassword }, user.accessToken);
  const wrong = await change('a wrong password', 'seven tall blue pears');
  expect([wrong.status, wrong.body.code, wrong.body.errors]).toMatchObject([
    ...[403, 'FORBIDDEN'],
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

test('no API key is a user', async () => {
  const answer = await me(ledger.a.apiKey);
  expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
});

test('an Idempotency-Key that one session has used is not good for what another session changes', async () => {
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

test('the public keys of access tokens may be kept for a while', async () => {
  const answer = await ledger.call('GET', '/.well-known/jwks.json');
  expect(answer.body).toEqual({
    keys: [
      {
        ...{ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: expect.stringMatching(/^[\w-]{16}$/) },
        ...{ x: expect.any(String), y: expect.any(String) },
      },
    ],
  });
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  expect((await ledger.call('GET', '/livez')).headers.get('cache-control')).toBe('no-store');
});

test('no address, name, password or token is in an event, the log or a kept answer', async () => {
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
