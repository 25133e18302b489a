import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endSession } from '../../src/identity/sessions.ts';
import { deactivateUser, setPassword } from '../../src/identity/users.ts';
import { later, start } from '../support/users.ts';
import { createSignIns, vendor } from './sign-ins.ts';

let database: Awaited<ReturnType<typeof createSignIns>>['database'];
let createProcess: Awaited<ReturnType<typeof createSignIns>>['createProcess'];
let signIn: Awaited<ReturnType<typeof createSignIns>>['signIn'];
beforeAll(async () => {
  ({ database, createProcess, signIn } = await createSignIns());
});
afterAll(() => database.drop());

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
  const expectLeft = (authenticated: unknown, userId: string) => {
    if (left === null) expect(authenticated).toBeNull();
    else expect(authenticated).toMatchObject({ userId, ...left });
  };

  test('takes effect as soon as it is noticed in each process that remembers the token', async () => {
    const user = await signIn({ organizationId: vendor });
    const processes = await Promise.all([createProcess(), createProcess()]);
    for (const { authenticate } of processes)
      expect(await authenticate(user.token)).toMatchObject({ membership: { organizationId: vendor } });
    await end(user);
    for (const { authenticate } of processes) {
      const expected = left === null ? null : expect.objectContaining({ userId: user.userId, ...left });
      await expect.poll(() => authenticate(user.token), { timeout: 10_000 }).toEqual(expected);
    }
  });

  test('takes effect at once in the process that makes the change, and in a new one', async () => {
    const user = await signIn({ organizationId: vendor });
    for (const subject of [user.sessionId, user.userId]) {
      const { authenticate, note } = await createProcess({ listens: false });
      await authenticate(user.token);
      await end(user);
      note(subject);
      expectLeft(await authenticate(user.token), user.userId);
    }
    expectLeft(await (await createProcess({ listens: false })).authenticate(user.token), user.userId);
  });

  test('takes effect after 30 seconds at the latest, even when no notice arrives', async () => {
    const user = await signIn({ organizationId: vendor });
    const { authenticate, clock } = await createProcess({ listens: false });
    await authenticate(user.token);
    await end(user);
    clock.ms += 30_000;
    expectLeft(await authenticate(user.token), user.userId);
  });
});
