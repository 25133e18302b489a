import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AccessClaims } from '../../src/identity/access-token.ts';
import { createAuthenticateUser } from '../../src/identity/authenticate-user.ts';
import { endSession } from '../../src/identity/sessions.ts';
import { deactivateUser, setPassword } from '../../src/identity/users.ts';
import { organizationsOfUser } from '../../src/projections/queries/organizations-of-user.ts';
import { testId } from '../support/license-fixtures.ts';
import { createReadModels } from '../support/read-models.ts';
import { createUser, later, openTestSession, start } from '../support/users.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
const vendor = testId('org', 'vendor');
beforeAll(async () => {
  database = await createReadModels();
  for (const [id, joined] of [
    [vendor, 2],
    [testId('org', 'second'), 1],
  ] as const) {
    await database.superuser.query(
      `insert into rm.organizations (organization_id, issuer_org_id, revision, position, name, time_zone, created_at)
        values ($1, $1, 0, 0, $2, 'UTC', $3)`,
      [id, `Organization ${joined}`, later(joined)],
    );
  }
});
afterAll(() => database.drop());

/** Creates a process with its own cache. A token is the JSON of its claims. */
const createProcess = () => {
  const clock = { ms: start.getTime(), setBackMs: 0 };
  const { authenticate, ...forgetting } = createAuthenticateUser({
    pool: database.api,
    nowMs: () => clock.ms - clock.setBackMs,
    elapsedMs: () => clock.ms,
    untilProjected: async () => true,
    verifyAccessToken: async (token) => {
      if (!token.startsWith('{')) return null;
      const claims: AccessClaims = JSON.parse(token);
      return clock.ms >= claims.exp * 1_000 ? 'expired' : claims;
    },
  });
  return { clock, authenticate, ...forgetting };
};

const signIn = async ({
  organizationId = null,
  role = 'ADMIN',
}: {
  organizationId?: string | null;
  role?: string;
} = {}) => {
  const { userId } = await createUser(database.api);
  const { sessionId } = await openTestSession(database.api, userId, { organizationId });
  if (organizationId !== null) {
    await database.superuser.query(
      'insert into rm.memberships (issuer_org_id, user_id, role, joined_at) values ($1, $2, $3, $4)',
      [organizationId, userId, role, start],
    );
  }
  const iat = start.getTime() / 1_000;
  const claims: AccessClaims = {
    sub: userId,
    tid: organizationId,
    sid: sessionId,
    jti: sessionId,
    iat,
    exp: iat + 3_600,
  };
  return { userId, sessionId, token: JSON.stringify(claims) };
};

test('A token identifies its user with the role in its organization', async () => {
  const { userId, sessionId, token } = await signIn({ organizationId: vendor, role: 'BILLING' });
  expect(await createProcess().authenticate(token)).toEqual({
    kind: 'user',
    userId,
    sessionId,
    membership: { organizationId: vendor, role: 'BILLING' },
    isBehind: false,
  });
  const without = await signIn();
  expect(await createProcess().authenticate(without.token)).toMatchObject({ userId: without.userId, membership: null });
});

test('A token that is not valid identifies nobody', async () => {
  const { authenticate, clock } = createProcess();
  const { token } = await signIn();
  expect(await authenticate('a.b.c')).toBeNull();
  const ofAnother: AccessClaims = { ...JSON.parse(token), sid: (await signIn()).sessionId };
  expect(await authenticate(JSON.stringify(ofAnother))).toBeNull();
  clock.ms = start.getTime() + 3_600_000;
  expect(await authenticate(token)).toBe('expired');
});

type Ending = { readonly userId: string; readonly sessionId: string };
const withoutUser = null;
const endings: Readonly<
  Record<string, readonly [(user: Ending) => Promise<unknown>, typeof withoutUser | { membership: null }]>
> = {
  'the session was ended': [
    ({ userId, sessionId }) => endSession(database.api, userId, { sessionId, reason: 'LOGOUT', now: start }),
    withoutUser,
  ],
  'the user was deactivated': [
    ({ userId }) => deactivateUser(database.api, userId, { owners: [], now: start }),
    withoutUser,
  ],
  'all sessions were ended': [
    ({ userId }) => setPassword(database.api, userId, { passwordHash: 'new', exceptSessionId: null, now: start }),
    withoutUser,
  ],
  'the session was purged': [
    ({ sessionId }) => database.superuser.query('delete from identity.sessions where session_id = $1', [sessionId]),
    withoutUser,
  ],
  'access tokens of before are refused': [
    ({ userId }) =>
      database.superuser.query('update identity.users set sessions_not_before = $2 where user_id = $1', [
        userId,
        later(1_000),
      ]),
    withoutUser,
  ],
  'the user was removed': [
    ({ userId }) =>
      database.superuser.query('update rm.memberships set removed_at = now() where user_id = $1', [userId]),
    { membership: null },
  ],
};

describe.each(Object.entries(endings))('%s', (_name, [end, left]) => {
  test('takes effect within 30 seconds for a token that was used before, and at once for others', async () => {
    const user = await signIn({ organizationId: vendor });
    const { authenticate, clock } = createProcess();
    const good = await authenticate(user.token);
    await end(user);
    clock.ms += 29_999;
    expect(await authenticate(user.token)).toEqual(good);
    clock.ms += 1;
    for (const authenticated of [await authenticate(user.token), await createProcess().authenticate(user.token)]) {
      if (left === null) expect(authenticated).toBeNull();
      else expect(authenticated).toMatchObject({ userId: user.userId, ...left });
    }
  });

  test('takes effect at once in the process that makes the change', async () => {
    const user = await signIn({ organizationId: vendor });
    const { authenticate, forget, forgetUser } = createProcess();
    for (const tell of [() => forget(user.sessionId), () => forgetUser(user.userId)]) {
      await authenticate(user.token);
      tell();
    }
    await end(user);
    const told = await authenticate(user.token);
    if (left === null) expect(told).toBeNull();
    else expect(told).toMatchObject(left);
  });
});

test('A closed organization has no members, and a changed role takes effect after 30 seconds', async () => {
  const organizationId = testId('org', 'second');
  const { userId, token } = await signIn({ organizationId, role: 'MEMBER' });
  const { authenticate, clock } = createProcess();
  expect(await authenticate(token)).toMatchObject({ membership: { role: 'MEMBER' } });
  await database.superuser.query(`update rm.memberships set role = 'GUEST' where user_id = $1`, [userId]);
  clock.ms += 30_000;
  expect(await authenticate(token)).toMatchObject({ membership: { role: 'GUEST' } });
  await database.superuser.query('update rm.organizations set closed_at = now() where organization_id = $1', [
    organizationId,
  ]);
  clock.ms += 30_000;
  expect(await authenticate(token)).toMatchObject({ userId, membership: null });
});

test('A new membership takes effect as soon as it is projected', async () => {
  const { userId, token } = await signIn({ organizationId: vendor });
  const { authenticate } = createProcess();
  await database.superuser.query('delete from rm.memberships where user_id = $1', [userId]);
  expect(await authenticate(token)).toMatchObject({ membership: null });
  await database.superuser.query(
    `insert into rm.memberships (issuer_org_id, user_id, role, joined_at) values ($1, $2, 'OWNER', now())`,
    [vendor, userId],
  );
  expect(await authenticate(token)).toMatchObject({ membership: { role: 'OWNER' } });
});

test('A cached answer ends with its token', async () => {
  const { token } = await signIn();
  const { authenticate, clock } = createProcess();
  clock.ms += 3_599_000;
  expect(await authenticate(token)).not.toBeNull();
  clock.ms += 1_000;
  expect(await authenticate(token)).toBe('expired');
});

test('A query that began before a session ended does not bring it back into the cache', async () => {
  const { userId, sessionId, token } = await signIn();
  const { authenticate, forget } = createProcess();
  const under = authenticate(token);
  await endSession(database.api, userId, { sessionId, reason: 'LOGOUT', now: start });
  forget(sessionId);
  await under;
  expect(await authenticate(token)).toBeNull();
});

test('A positive answer is queried once in 30 seconds', async () => {
  const { token } = await signIn({ organizationId: vendor });
  const { authenticate, clock } = createProcess();
  const queries = vi.spyOn(database.api, 'query');
  onTestFinished(() => queries.mockRestore());
  for (let n = 0; n < 10; n += 1) {
    await authenticate(token);
    clock.ms += 2_999;
  }
  expect(queries).toHaveBeenCalledTimes(1);
});

test('A clock that is set back does not prolong the cache, and `afresh` ignores the cache', async () => {
  for (const how of [undefined, 'afresh'] as const) {
    const { userId, token, sessionId } = await signIn({ organizationId: vendor });
    const { authenticate, clock } = createProcess();
    expect(await authenticate(token)).toMatchObject({ userId });
    await endSession(database.api, userId, { sessionId, reason: 'LOGOUT', now: start });
    expect(await authenticate(token)).toMatchObject({ userId });
    if (how === undefined) {
      clock.ms += 30_000;
      clock.setBackMs = 60_000;
    }
    expect(await authenticate(token, how)).toBeNull();
  }
});

test('A token that is no longer valid is refused at once, also when its session is cached', async () => {
  const { token, userId } = await signIn({ organizationId: vendor });
  const good = { is: true };
  const { authenticate } = createAuthenticateUser({
    pool: database.api,
    nowMs: () => start.getTime(),
    untilProjected: async () => true,
    verifyAccessToken: async (text) => (good.is ? JSON.parse(text) : null),
  });
  expect(await authenticate(token)).toMatchObject({ userId });
  good.is = false;
  expect(await authenticate(token)).toBeNull();
});

test('The organizations of a user are listed in the order of joining, with closed ones, without those that removed the user', async () => {
  const { userId } = await signIn({ organizationId: vendor, role: 'OWNER' });
  const second = testId('org', 'second');
  await database.superuser.query(
    `insert into rm.memberships (issuer_org_id, user_id, role, joined_at, removed_at)
      values ($1, $2, 'GUEST', $3, null), ($4, $2, 'ADMIN', $3, now())`,
    [second, userId, later(-1), testId('org', 'third')],
  );
  expect(await organizationsOfUser(database.api, userId)).toMatchObject([
    {
      organizationId: second,
      name: 'Organization 1',
      role: 'GUEST',
      timeZone: 'UTC',
      joinedAt: later(-1).toISOString(),
    },
    { organizationId: vendor, role: 'OWNER', closedAt: null, createdAt: later(2).toISOString() },
  ]);
  expect(await organizationsOfUser(database.api, 'usr_unknown')).toEqual([]);
});
