import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createAccessNotices } from '../../src/identity/access/access-notices.ts';
import type { AccessClaims } from '../../src/identity/access-token.ts';
import { createAuthenticateUser } from '../../src/identity/authenticate-user.ts';
import { endSession } from '../../src/identity/sessions.ts';
import { organizationsOfUser } from '../../src/projections/queries/organizations-of-user.ts';
import { testId } from '../support/license-fixtures.ts';
import { later, start } from '../support/users.ts';
import { createSignIns, vendor } from './sign-ins.ts';

let database: Awaited<ReturnType<typeof createSignIns>>['database'];
let createProcess: Awaited<ReturnType<typeof createSignIns>>['createProcess'];
let signIn: Awaited<ReturnType<typeof createSignIns>>['signIn'];
beforeAll(async () => {
  ({ database, createProcess, signIn } = await createSignIns());
});
afterAll(() => database.drop());

test('A token identifies its user with the role in its organization', async () => {
  const { userId, sessionId, token } = await signIn({ organizationId: vendor, role: 'BILLING' });
  expect(await (await createProcess({ listens: false })).authenticate(token)).toEqual({
    kind: 'user',
    userId,
    sessionId,
    membership: { organizationId: vendor, role: 'BILLING' },
    isBehind: false,
  });
  const without = await signIn();
  expect(await (await createProcess({ listens: false })).authenticate(without.token)).toMatchObject({
    userId: without.userId,
    membership: null,
  });
});

test('A token that is not valid identifies nobody', async () => {
  const { authenticate, clock } = await createProcess({ listens: false });
  const { token } = await signIn();
  expect(await authenticate('a.b.c')).toBeNull();
  const ofAnother: AccessClaims = { ...JSON.parse(token), sid: (await signIn()).sessionId };
  expect(await authenticate(JSON.stringify(ofAnother))).toBeNull();
  clock.ms = start.getTime() + 3_600_000;
  expect(await authenticate(token)).toBe('expired');
});

test('A closed organization has no members, and a changed role takes effect, as soon as they are noticed', async () => {
  const organizationId = testId('org', 'second');
  const { userId, token } = await signIn({ organizationId, role: 'MEMBER' });
  const { authenticate } = await createProcess();
  expect(await authenticate(token)).toMatchObject({ membership: { role: 'MEMBER' } });
  await database.superuser.query(`update rm.memberships set role = 'GUEST' where user_id = $1`, [userId]);
  await expect.poll(() => authenticate(token)).toMatchObject({ membership: { role: 'GUEST' } });
  await database.superuser.query('update rm.organizations set closed_at = now() where organization_id = $1', [
    organizationId,
  ]);
  await expect.poll(() => authenticate(token)).toMatchObject({ userId, membership: null });
});

test('A process that loses its listening connection forgets what it remembers and listens again', async () => {
  const { userId, sessionId, token } = await signIn();
  const { authenticate } = await createProcess();
  expect(await authenticate(token)).toMatchObject({ userId });
  // The notice of this change is lost with the connection.
  await database.superuser.query('begin');
  await database.superuser.query(
    'update identity.sessions set revoked_at = now(), revoke_reason = $2 where session_id = $1',
    [sessionId, 'REVOKED'],
  );
  await database.superuser.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'ledger-access' and datname = current_database()`,
  );
  await database.superuser.query('commit');
  await expect.poll(() => authenticate(token), { timeout: 10_000 }).toBeNull();
});

test('A new membership takes effect as soon as it is projected', async () => {
  const { userId, token } = await signIn({ organizationId: vendor });
  const { authenticate } = await createProcess({ listens: false });
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
  const { authenticate, clock } = await createProcess({ listens: false });
  clock.ms += 3_599_000;
  expect(await authenticate(token)).not.toBeNull();
  clock.ms += 1_000;
  expect(await authenticate(token)).toBe('expired');
});

test('A query that began before a session ended does not bring it back into the cache', async () => {
  const { userId, sessionId, token } = await signIn();
  const { authenticate, note } = await createProcess({ listens: false });
  const under = authenticate(token);
  await endSession(database.api, userId, { sessionId, reason: 'LOGOUT', now: start });
  note(sessionId);
  await under;
  expect(await authenticate(token)).toBeNull();
});

test('A positive answer is queried once in 30 seconds', async () => {
  const { token } = await signIn({ organizationId: vendor });
  const { authenticate, clock } = await createProcess({ listens: false });
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
    const { authenticate, clock } = await createProcess({ listens: false });
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

test('A token with the id and the claims of a remembered one, and another text, is looked up for itself', async () => {
  const { token } = await signIn({ organizationId: vendor });
  const { authenticate } = await createProcess({ listens: false });
  await authenticate(token);
  const queries = vi.spyOn(database.api, 'query');
  onTestFinished(() => queries.mockRestore());
  await authenticate(token);
  expect(queries).not.toHaveBeenCalled();
  await authenticate(`${token} `);
  expect(queries).toHaveBeenCalledTimes(1);
});

test('A token that is no longer valid is refused at once, also when its session is cached', async () => {
  const { token, userId } = await signIn({ organizationId: vendor });
  const good = { is: true };
  const authenticate = createAuthenticateUser({
    pool: database.api,
    nowMs: () => start.getTime(),
    notices: createAccessNotices(),
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
