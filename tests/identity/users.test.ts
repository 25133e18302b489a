import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asUser } from '../../src/identity/as-user.ts';
import { proveAddress } from '../../src/identity/mailed/proven-address.ts';
import { abandonUser, activateUser, reserveUser } from '../../src/identity/reserve-user.ts';
import { endSession, listSessions } from '../../src/identity/sessions.ts';
import {
  changeDisplayName,
  changePassword,
  deactivateUser,
  findUserByEmail,
  getUser,
  rehashPassword,
  setPassword,
  userProfiles,
} from '../../src/identity/users.ts';
import { condition } from '../support/product.ts';
import { createReadModels } from '../support/read-models.ts';
import { sized } from '../support/size.ts';
import { createUser, later, newUser, openTestSession, start } from '../support/users.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  database = await createReadModels();
});
afterAll(() => database.drop());

test('An address is compared without regard to case and returned in its original case', async () => {
  const { userId } = await createUser(database.api, 'Ann.Lee@Vendor.example');
  expect(await findUserByEmail(database.api, 'aNN.lee@VENDOR.example')).toMatchObject({ userId, state: 'active' });
  expect(await getUser(database.api, userId)).toEqual({
    userId,
    email: 'Ann.Lee@Vendor.example',
    displayName: null,
    state: 'active',
    createdAt: start,
  });
  expect(await findUserByEmail(database.api, 'bob@vendor.example')).toBeNull();
});

test('Only one of several concurrent signups gets an address', async () => {
  const email = `${randomUUID()}@vendor.example`;
  const users = Array.from({ length: sized(1_000) }, () => newUser(email));
  const outcomes = await Promise.all(users.map((user) => reserveUser(database.api, user)));
  expect(outcomes.filter(({ outcome }) => outcome === 'reserved')).toHaveLength(1);
  expect(outcomes.filter(({ outcome }) => outcome === 'taken')).toHaveLength(users.length - 1);
});

test('A pending user cannot be read and has no sessions', async () => {
  const user = newUser(`${randomUUID()}@vendor.example`);
  await reserveUser(database.api, user);
  expect(await getUser(database.api, user.userId)).toBeNull();
  expect((await userProfiles(database.api, [user.userId])).size).toBe(0);
  expect((await openTestSession(database.api, user.userId)).refreshExpiresAt).toBeUndefined();
  expect(await changeDisplayName(database.api, user.userId, 'Ann')).toBe(false);
});

test('An abandoned signup is taken over after 60 seconds and can no longer be completed', async () => {
  const email = `${randomUUID()}@vendor.example`;
  const abandoned = newUser(email);
  await reserveUser(database.api, abandoned);
  expect(await reserveUser(database.api, newUser(email.toUpperCase(), later(59_999)))).toEqual({ outcome: 'taken' });

  const second = newUser(email, later(60_000));
  expect(await reserveUser(database.api, second)).toMatchObject({ outcome: 'reserved' });
  expect(await activateUser(database.api, abandoned)).toBe(false);
  expect(await activateUser(database.api, second)).toBe(true);
  expect(await findUserByEmail(database.api, email)).toMatchObject({ userId: second.userId, state: 'active' });
  expect(await reserveUser(database.api, newUser(email, later(600_000)))).toEqual({ outcome: 'taken' });
});

test('Only one of several concurrent signups takes an abandoned one over', async () => {
  const email = `${randomUUID()}@vendor.example`;
  await reserveUser(database.api, newUser(email));
  const users = Array.from({ length: sized(400) }, () => newUser(email, later(60_000)));
  const outcomes = await Promise.all(users.map((user) => reserveUser(database.api, user)));
  expect(outcomes.filter(({ outcome }) => outcome === 'reserved')).toHaveLength(1);
  const { rows } = await database.superuser.query('select from identity.users where email = $1', [email]);
  expect(rows).toHaveLength(1);
});

test('A retried signup continues at once and keeps its address', async () => {
  const user = newUser(`${randomUUID()}@vendor.example`);
  await reserveUser(database.api, user);
  const again = { ...user, passwordHash: 'hash of another try', now: later(50_000) };
  expect(await reserveUser(database.api, again)).toMatchObject({ outcome: 'reserved' });
  expect(await reserveUser(database.api, newUser(user.email, later(60_000)))).toEqual({ outcome: 'taken' });

  expect(await activateUser(database.api, again)).toBe(true);
  expect(await activateUser(database.api, again)).toBe(true);
  // An active user does not change. A retry must present the password.
  expect(await reserveUser(database.api, { ...again, passwordHash: 'hash of a guess' })).toEqual({
    outcome: 'active',
    passwordHash: 'hash of another try',
  });
  await deactivateUser(database.api, user.userId, { owners: [], now: start });
  expect(await reserveUser(database.api, again)).toEqual({ outcome: 'taken' });
  expect(await activateUser(database.api, again)).toBe(false);
});

const claiming = (email: string, now = start) => ({ ...newUser(email, now), isProven: true, replacesUnproven: true });

test('A user who never proved the address keeps it until the one who has is activated', async () => {
  const { userId, email } = await createUser(database.api);
  await openTestSession(database.api, userId);
  const holder = async () => (await findUserByEmail(database.api, email))?.userId;
  const cautious = { ...claiming(email), replacesUnproven: false };
  expect(await reserveUser(database.api, cautious)).toEqual({ outcome: 'unproven', state: 'active' });

  const claims = Array.from({ length: 5 }, () => claiming(email.toUpperCase()));
  const outcomes = await Promise.all(claims.map((user) => reserveUser(database.api, user)));
  const [reserved, ...others] = outcomes.filter(({ outcome }) => outcome === 'reserved');
  expect([reserved, others]).toEqual([{ outcome: 'reserved', displaces: userId }, []]);
  const first = claims.find((_, index) => outcomes[index] === reserved) ?? claiming('nobody');
  const { outcome } = await reserveUser(database.api, { ...first, passwordHash: 'of a retry' });
  expect([outcome, await reserveUser(database.api, newUser(email, later(600_000)))]).toEqual([
    'reserved',
    { outcome: 'taken' },
  ]);
  expect([await holder(), (await listSessions(database.api, userId, start)).length]).toEqual([userId, 1]);

  const second = claiming(email, later(60_000));
  expect(await reserveUser(database.api, second)).toEqual({ outcome: 'reserved', displaces: userId });
  expect([await activateUser(database.api, first), await holder()]).toEqual([false, userId]);
  await abandonUser(database.api, second);
  expect(await holder()).toBe(userId);

  await reserveUser(database.api, second);
  expect(await Promise.all([second, second].map((user) => activateUser(database.api, user)))).toEqual([true, true]);
  expect([await holder(), await listSessions(database.api, userId, start)]).toEqual([second.userId, []]);
  expect(await getUser(database.api, second.userId)).toMatchObject({ email, state: 'active' });
  expect(await getUser(database.api, userId)).toMatchObject({ email: `${userId}@no-address.invalid`, state: 'active' });
  expect(await reserveUser(database.api, claiming(email, later(600_000)))).toEqual({ outcome: 'taken' });
});

test('A user who proves the address while another one is to get it keeps it', async () => {
  const { userId, email } = await createUser(database.api);
  const late = claiming(email);
  expect((await reserveUser(database.api, late)).outcome).toBe('reserved');
  await proveAddress(database.api, userId, { email, now: start });
  expect(await activateUser(database.api, late)).toBe(false);
  expect(await findUserByEmail(database.api, email)).toMatchObject({ userId });
});

test('A new password ends all other sessions, or all sessions', async () => {
  const { userId, email } = await createUser(database.api);
  const [own, other] = [await openTestSession(database.api, userId), await openTestSession(database.api, userId)];
  const change = (passwordHash: string, exceptSessionId: string | null) =>
    setPassword(database.api, userId, { passwordHash, exceptSessionId, now: start });
  expect(await change('second', own.sessionId)).toBe(true);
  const left = await listSessions(database.api, userId, start);
  expect(left.map(({ sessionId }) => sessionId)).toEqual([own.sessionId]);
  expect(left).not.toContainEqual(expect.objectContaining({ sessionId: other.sessionId }));
  expect((await findUserByEmail(database.api, email))?.passwordHash).toBe('second');
  expect(await change('third', null)).toBe(true);
  expect(await listSessions(database.api, userId, start)).toEqual([]);
});

/** Runs `work` while another transaction changes the user's password. It commits as soon as `work` waits for it. */
const whileChanging = async <T>(userId: string, work: () => Promise<T>): Promise<T> => {
  const db = await database.superuser.connect();
  try {
    await db.query('begin');
    await db.query(`update identity.users set password_hash = 'changed' where user_id = $1`, [userId]);
    const working = work();
    await condition('it waits', async () => {
      const { rowCount } = await database.superuser.query(
        `select from pg_stat_activity
          where datname = current_database() and backend_type = 'client backend' and wait_event_type = 'Lock'`,
      );
      return rowCount !== 0;
    });
    await db.query('commit');
    return await working;
  } finally {
    db.release();
  }
};

test('A session is not opened with a password that another transaction is changing', async () => {
  const { userId } = await createUser(database.api);
  const opened = await whileChanging(userId, () => openTestSession(database.api, userId));
  expect(opened.refreshExpiresAt).toBeUndefined();
  expect(await listSessions(database.api, userId, start)).toEqual([]);
});

test('A password is changed only with the current password and in an open session', async () => {
  const { userId, email, passwordHash: first } = await createUser(database.api);
  const { sessionId } = await openTestSession(database.api, userId);
  const change = (from: string, passwordHash: string) =>
    changePassword(database.api, userId, { from, passwordHash, sessionId, now: start });
  expect(await change('another', 'second')).toBe('wrong');
  expect(await change(first, 'second')).toBe('changed');
  expect(await change(first, 'third')).toBe('wrong');
  expect(await whileChanging(userId, () => change('second', 'third'))).toBe('wrong');
  await endSession(database.api, userId, { sessionId, reason: 'REVOKED', now: start });
  expect(await change('changed', 'third')).toBe('ended');
  expect((await findUserByEmail(database.api, email))?.passwordHash).toBe('changed');
});

test('An address with a character outside ASCII belongs to nobody', async () => {
  const { email } = await createUser(database.api, `i${randomUUID()}@vendor.example`);
  expect(await findUserByEmail(database.api, email.toUpperCase())).not.toBeNull();
  expect(await findUserByEmail(database.api, email.replace('i', 'İ'))).toBeNull();
});

test('A stronger hash replaces the old hash, but not a password that was changed meanwhile', async () => {
  const { userId, email, passwordHash } = await createUser(database.api);
  expect(await rehashPassword(database.api, { userId, passwordHash }, 'stronger')).toBe(true);
  await setPassword(database.api, userId, { passwordHash: 'new', exceptSessionId: null, now: start });
  expect(await rehashPassword(database.api, { userId, passwordHash: 'stronger' }, 'late')).toBe(false);
  expect((await findUserByEmail(database.api, email))?.passwordHash).toBe('new');
});

test('A deactivated user keeps the address, has no sessions and cannot change anything', async () => {
  const { userId, email } = await createUser(database.api);
  await openTestSession(database.api, userId);
  expect(await deactivateUser(database.api, userId, { owners: [], now: later(1) })).toBe('deactivated');
  expect(await deactivateUser(database.api, userId, { owners: [], now: later(2) })).toBe('unknown');
  expect(await getUser(database.api, userId)).toMatchObject({ state: 'deactivated' });
  expect(await listSessions(database.api, userId, start)).toEqual([]);
  expect((await openTestSession(database.api, userId)).refreshExpiresAt).toBeUndefined();
  expect(await changeDisplayName(database.api, userId, 'Ann')).toBe(false);
  const password = { passwordHash: 'new', exceptSessionId: null, now: start };
  expect(await setPassword(database.api, userId, password)).toBe(false);
  expect(await reserveUser(database.api, newUser(email, later(600_000)))).toEqual({ outcome: 'taken' });
});

test('Profiles of several users are read at once, without unknown ones', async () => {
  const [ann, ben] = [await createUser(database.api), await createUser(database.api)];
  await changeDisplayName(database.api, ben.userId, 'Ben');
  expect(await userProfiles(database.api, [ann.userId, 'usr_unknown', ben.userId])).toEqual(
    new Map([
      [ann.userId, { email: ann.email, displayName: null }],
      [ben.userId, { email: ben.email, displayName: 'Ben' }],
    ]),
  );
  expect((await userProfiles(database.api, [])).size).toBe(0);
});

test('asUser commits or rolls back, and the connection has no user afterwards', async () => {
  const { userId } = await createUser(database.api);
  const failing = asUser(database.api, userId, async (db) => {
    await db.query(`update identity.users set display_name = 'half done'`);
    throw new Error('It went wrong.');
  });
  await expect(failing).rejects.toThrow('It went wrong.');
  const readingOnly = asUser(database.api, userId, (db) => db.query(`update identity.users set display_name = 'x'`), {
    readOnly: true,
  });
  await expect(readingOnly).rejects.toMatchObject({ code: '25006' });
  expect((await getUser(database.api, userId))?.displayName).toBeNull();
  expect((await database.api.query('select from identity.users')).rowCount).toBe(0);
  await expect(asUser(database.api, '', async () => null)).rejects.toThrow('needs the id');
});
