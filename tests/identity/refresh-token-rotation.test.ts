import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRefreshToken, hashRefreshToken } from '../../src/identity/refresh-token.ts';
import { exchangeRefreshToken, type Refreshed } from '../../src/identity/refresh-token-rotation.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';
import { absoluteSessionMs, endSession, listSessions, switchOrganization } from '../../src/identity/sessions.ts';
import { deactivateUser } from '../../src/identity/users.ts';
import { createPool } from '../../src/projections/connect.ts';
import { createReadModels, quiet } from '../support/read-models.ts';
import { createUser, later, openTestSession, start } from '../support/users.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  database = await createReadModels();
});
afterAll(() => database.drop());

const [older, newer] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
const week = 604_800;
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

const refresh = (token: string, atMs: number, secrets = older) =>
  exchangeRefreshToken(
    { pool: database.api, secrets: parseSecrets(secrets), refreshTokenSeconds: week, now: () => later(atMs) },
    token,
  );

const refreshed = async (token: string, atMs: number, secrets = older) => {
  const result = await refresh(token, atMs, secrets);
  if (result?.outcome !== 'refreshed') throw new Error(`The token was not refreshed: ${result?.outcome ?? 'unknown'}.`);
  return result;
};

const signedIn = async (organizationId: string | null = null) => {
  const { userId } = await createUser(database.api);
  const secrets = parseSecrets(older);
  return { userId, ...(await openTestSession(database.api, userId, { organizationId, secrets })) };
};

const isOver = async ({ userId, sessionId }: { userId: string; sessionId: string }, atMs = 0) =>
  (await listSessions(database.api, userId, later(atMs))).every((session) => session.sessionId !== sessionId);

test('A token is exchanged for its successor in the same session, and only the successor can be exchanged then', async () => {
  const { userId, sessionId, refreshToken } = await signedIn('org_a');
  const first = await refreshed(refreshToken, 1_000);
  expect(first).toEqual({
    outcome: 'refreshed',
    userId,
    sessionId,
    organizationId: 'org_a',
    refreshToken: expect.stringMatching(/^lgr_rt_[A-Za-z0-9_-]{43}$/),
    refreshExpiresAt: later(1_000 + week * 1_000),
  });
  const second = await refreshed(first.refreshToken, 2_000);
  expect(new Set([refreshToken, first.refreshToken, second.refreshToken]).size).toBe(3);
  expect(await listSessions(database.api, userId, later(2_000))).toMatchObject([
    { sessionId, lastUsedAt: later(2_000), expiresAt: second.refreshExpiresAt },
  ]);
});

test('No token is stored', async () => {
  const { refreshToken } = await signedIn();
  const next = await refreshed(refreshToken, 0);
  const { rows } = await database.superuser.query(
    'select t::text as row from identity.refresh_tokens t union all select s::text from identity.sessions s',
  );
  const stored = rows.map(({ row }) => row).join('\n');
  for (const token of [refreshToken, next.refreshToken]) {
    expect(stored).toContain(hashRefreshToken(parseSecrets(older), token).toString('hex'));
    expect(stored).not.toContain(token);
    expect(stored).not.toContain(sha256(token).toString('hex'));
  }
});

test('A token that an earlier build stored as SHA-256 is exchanged, and its successor has a keyed hash', async () => {
  const { refreshToken, sessionId } = await signedIn();
  const stored = (hash: Buffer) =>
    database.superuser.query('update identity.refresh_tokens set token_hash = $2 where session_id = $1', [
      sessionId,
      hash,
    ]);
  await stored(sha256(refreshToken));
  const next = await refreshed(refreshToken, 0);
  expect(await refreshed(refreshToken, 1_000)).toEqual(next);
  const { rows } = await database.superuser.query<{ successor_hash: Buffer }>(
    'select successor_hash from identity.refresh_tokens where token_hash = $1',
    [sha256(refreshToken)],
  );
  expect(rows[0]?.successor_hash).toEqual(hashRefreshToken(parseSecrets(older), next.refreshToken));
  await refreshed(next.refreshToken, 2_000);
});

test('A token of a secret that no longer signs is exchanged, and one of a removed secret is not', async () => {
  const { refreshToken } = await signedIn();
  const { refreshToken: second } = await signedIn();
  await refreshed(refreshToken, 0, `${newer},${older}`);
  expect(await refresh(second, 0, newer)).toBeNull();
});

test.each(['', 'lgr_rt_', 'lgr_live_12345678_', `${createRefreshToken()}=`, createRefreshToken(), ' '.repeat(1_000)])(
  'Text that is not a valid token is refused: %j',
  async (token) => {
    expect(await refresh(token, 0)).toBeNull();
  },
);

test('A lost answer is repeated within 10 seconds, and the session continues', async () => {
  const { refreshToken } = await signedIn();
  const first = await refreshed(refreshToken, 0);
  expect(await refreshed(refreshToken, 10_000)).toEqual(first);
  await refreshed(first.refreshToken, 11_000);
});

describe('A token that is used twice ends its session with all tokens', () => {
  const family = async () => {
    const session = await signedIn();
    return { ...session, first: await refreshed(session.refreshToken, 0) };
  };

  test('after 10 seconds', async () => {
    const { first, ...session } = await family();
    const { userId, sessionId } = session;
    expect(await refresh(session.refreshToken, 10_001)).toEqual({ outcome: 'reused', userId, sessionId });
    expect(await isOver(session)).toBe(true);
    expect(await refresh(first.refreshToken, 10_002)).toBeNull();
    expect(await refresh(session.refreshToken, 10_002)).toBeNull();
  });

  test('within 10 seconds, when its successor was used', async () => {
    const { first, ...session } = await family();
    const second = await refreshed(first.refreshToken, 1_000);
    expect(await refresh(session.refreshToken, 2_000)).toMatchObject({ outcome: 'reused' });
    expect(await refresh(second.refreshToken, 3_000)).toBeNull();
  });

  test('also when it has expired since', async () => {
    const { first, ...session } = await family();
    const second = await refreshed(first.refreshToken, week * 1_000 - 1);
    expect(await refresh(session.refreshToken, week * 1_000 + 1)).toMatchObject({ outcome: 'reused' });
    expect(await refresh(second.refreshToken, week * 1_000 + 2)).toBeNull();
  });

  test('but no other session of the user', async () => {
    const { first, ...session } = await family();
    const other = await openTestSession(database.api, session.userId, { secrets: parseSecrets(older) });
    await refresh(session.refreshToken, 20_000);
    expect(first.sessionId).not.toBe(other.sessionId);
    await refreshed(other.refreshToken, 20_000);
  });
});

test('A hundred concurrent refreshes in two processes get the same successor, which works', async () => {
  const session = await signedIn();
  const another = createPool({ url: database.url, role: 'ledger_api', max: 8, log: quiet });
  try {
    const needs = { secrets: parseSecrets(older), refreshTokenSeconds: week, now: () => start };
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        exchangeRefreshToken({ ...needs, pool: n % 2 === 0 ? database.api : another }, session.refreshToken),
      ),
    );
    const tokens = all.map((result: Refreshed | null) =>
      result?.outcome === 'refreshed' ? result.refreshToken : result,
    );
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).toMatch(/^lgr_rt_/);
    const { rows } = await database.superuser.query('select from identity.refresh_tokens where session_id = $1', [
      session.sessionId,
    ]);
    expect(rows).toHaveLength(2);
    await refreshed(String(tokens[0]), 1_000);
  } finally {
    await another.end();
  }
});

test('A token ends a week after it was issued, and the session 90 days after it was opened', async () => {
  const idle = await signedIn();
  expect(await refresh(idle.refreshToken, week * 1_000)).toBeNull();
  expect(await isOver(idle, week * 1_000)).toBe(true);

  const busy = await signedIn();
  let token = busy.refreshToken;
  let atMs = 0;
  while (atMs + week * 1_000 < absoluteSessionMs) {
    atMs += week * 1_000 - 1;
    const next = await refreshed(token, atMs);
    expect(next.refreshExpiresAt.getTime()).toBe(
      Math.min(later(atMs + week * 1_000).getTime(), later(absoluteSessionMs).getTime()),
    );
    token = next.refreshToken;
  }
  expect(await refresh(token, absoluteSessionMs)).toBeNull();
});

test('After a change of LEDGER_SECRET, a lost answer of the old secret is repeated', async () => {
  const { refreshToken } = await signedIn();
  const first = await refreshed(refreshToken, 0, older);
  expect(await refreshed(refreshToken, 5_000, `${newer},${older}`)).toEqual(first);
  await refreshed(first.refreshToken, 6_000, `${newer},${older}`);
});

test.each(['ended', 'deactivated'] as const)('A session that was %s can no longer be refreshed', async (how) => {
  const { userId, sessionId, refreshToken } = await signedIn();
  if (how === 'ended')
    expect(await endSession(database.api, userId, { sessionId, reason: 'LOGOUT', now: start })).toBe(true);
  else await deactivateUser(database.api, userId, { owners: [], now: start });
  expect(await refresh(refreshToken, 1_000)).toBeNull();
  expect(await endSession(database.api, userId, { sessionId, reason: 'LOGOUT', now: start })).toBe(false);
});

test('Only the user of a session can end it', async () => {
  const [ann, ben] = [await signedIn(), await signedIn()];
  const end = { sessionId: ann.sessionId, reason: 'REVOKED', now: start } as const;
  expect(await endSession(database.api, ben.userId, end)).toBe(false);
  const to = { sessionId: ann.sessionId, organizationId: 'org_b', now: start };
  expect(await switchOrganization(database.api, ben.userId, to)).toBe(false);
  expect(await refreshed(ann.refreshToken, 0)).toMatchObject({ organizationId: null });
});

test('A session switches its organization and keeps its refresh token', async () => {
  const { userId, sessionId, refreshToken } = await signedIn('org_a');
  const to = { sessionId, organizationId: 'org_b', now: start };
  expect(await switchOrganization(database.api, userId, to)).toBe(true);
  expect(await refreshed(refreshToken, 1_000)).toMatchObject({ sessionId, organizationId: 'org_b' });
});

test('A user has at most 100 sessions, and one more ends the least recently used', async () => {
  const { userId } = await createUser(database.api);
  const opened: string[] = [];
  for (let n = 0; n < 101; n += 1) {
    opened.push((await openTestSession(database.api, userId, { now: later(n) })).sessionId);
  }
  const left = await listSessions(database.api, userId, later(101));
  expect(left.map(({ sessionId }) => sessionId)).toEqual(opened.slice(1).toReversed());
});
