import type { Pool, PoolClient } from 'pg';
import { asUser, becomeUser } from './as-user.ts';
import { forgetDevices } from './devices/login-devices.ts';
import { lockPassword } from './lock-password.ts';
import { endSessions } from './sessions.ts';

/** Lists the states of a user, as the check constraint of identity.users does. */
export const userStates = ['pending', 'active', 'deactivated'] as const;
type UserState = (typeof userStates)[number];

/** The data that a user may read about themselves, without the password's hash. `email` has its original case. */
export type User = {
  readonly userId: string;
  readonly email: string;
  readonly displayName: string | null;
  readonly state: Exclude<UserState, 'pending'>;
  readonly createdAt: Date;
};

/** The user of an address, for a login or a signup. `commandId` is that of the signup. */
export type UserByEmail = {
  readonly userId: string;
  readonly passwordHash: string;
  readonly state: UserState;
  readonly commandId: string;
  readonly createdAt: Date;
};

/**
 * Returns the user with this address, ignoring case. Returns null for an unknown address and for one that is not all
 * ASCII. A pending user cannot log in.
 */
export const findUserByEmail = async (db: Pool | PoolClient, email: string): Promise<UserByEmail | null> => {
  // A signup accepts only ASCII. Postgres lowers some other characters to ASCII, and JavaScript does not. So a login
  // would open one account, and the rate limit would count it for another.
  if (!/^[\x20-\x7e]+$/.test(email)) return null;
  const { rows } = await db.query<[string, string, UserByEmail['state'], string, Date]>({
    name: 'user-by-email',
    text: 'select user_id, password_hash, state, command_id, created_at from identity.user_by_email($1)',
    values: [email],
    rowMode: 'array',
  });
  const [row] = rows;
  if (row === undefined) return null;
  const [userId, passwordHash, state, commandId, createdAt] = row;
  return { userId, passwordHash, state, commandId, createdAt };
};

/** Returns an active or deactivated user, or null. */
export const getUser = (pool: Pool, userId: string): Promise<User | null> =>
  asUser(
    pool,
    userId,
    async (db) => {
      const { rows } = await db.query<[string, string | null, User['state'], Date]>({
        name: 'get-user',
        text: `select email, display_name, state, created_at from identity.users where user_id = $1 and state <> 'pending'`,
        values: [userId],
        rowMode: 'array',
      });
      const [row] = rows;
      if (row === undefined) return null;
      const [email, displayName, state, createdAt] = row;
      return { userId, email, displayName, state, createdAt };
    },
    { readOnly: true },
  );

/** Returns the address of a user in any state, also of one who is not yet active. Returns null for an unknown id. */
export const addressOfUser = (pool: Pool, userId: string): Promise<string | null> =>
  asUser(
    pool,
    userId,
    async (db) => {
      const { rows } = await db.query<{ email: string }>({
        name: 'address-of-user',
        text: 'select email from identity.users where user_id = $1',
        values: [userId],
      });
      return rows[0]?.email ?? null;
    },
    { readOnly: true },
  );

/** Returns names and addresses of users by id, without unknown ids. The caller checks that they may be read. */
export const userProfiles = async (
  pool: Pool,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, { readonly email: string; readonly displayName: string | null }>> => {
  const { rows } = await pool.query<[string, string, string | null]>({
    name: 'user-profiles',
    text: `select user_id, email, display_name from identity.user_profiles($1) where state <> 'pending'`,
    values: [userIds],
    rowMode: 'array',
  });
  return new Map(rows.map(([userId, email, displayName]) => [userId, { email, displayName }]));
};

/** Changes the name of an active user. Returns false when there is no such user. */
export const changeDisplayName = (pool: Pool, userId: string, displayName: string | null): Promise<boolean> =>
  asUser(pool, userId, async (db) => {
    const { rowCount } = await db.query({
      name: 'change-display-name',
      text: `update identity.users set display_name = $2 where user_id = $1 and state = 'active'`,
      values: [userId, displayName],
    });
    return rowCount === 1;
  });

/**
 * Changes the password of an active user, forgets all devices, and ends all sessions except `exceptSessionId`. When that
 * is null, all access tokens end too. Returns false when there is no such user.
 */
export const setPassword = (pool: Pool, userId: string, password: NewPassword): Promise<boolean> =>
  asUser(pool, userId, (db) => storePassword(db, userId, password));

type NewPassword = { readonly passwordHash: string; readonly exceptSessionId: string | null; readonly now: Date };

/**
 * Changes the password of a user who has presented the password of the hash `from` in this session. The session
 * continues. Returns `wrong` when the stored password differs from `from`, and `ended` when the user or the session has
 * ended.
 */
export const changePassword = (
  pool: Pool,
  userId: string,
  {
    from,
    sessionId,
    ...password
  }: { readonly from: string; readonly sessionId: string } & Omit<NewPassword, 'exceptSessionId'>,
): Promise<'changed' | 'wrong' | 'ended'> =>
  asUser(pool, userId, async (db) => {
    const isCurrent = await lockPassword(db, userId, from);
    const { rowCount } = await db.query({
      name: 'lock-session-of-user',
      text: `select from identity.sessions where user_id = $1 and session_id = $2 and revoked_at is null for update`,
      values: [userId, sessionId],
    });
    if (rowCount !== 1) return 'ended';
    if (!isCurrent) return 'wrong';
    return (await storePassword(db, userId, { ...password, exceptSessionId: sessionId })) ? 'changed' : 'ended';
  });

/** Changes the password of an active user like `setPassword`. Runs in the caller's transaction as this user. */
export const storePassword = async (
  db: PoolClient,
  userId: string,
  { passwordHash, exceptSessionId, now }: NewPassword,
): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'set-password',
    text: `update identity.users set password_hash = $2,
        sessions_not_before = case when $3 then $4::timestamptz else sessions_not_before end
      where user_id = $1 and state = 'active'`,
    values: [userId, passwordHash, exceptSessionId === null, now],
  });
  if (rowCount !== 1) return false;
  await forgetDevices(db, userId);
  await endSessions(db, userId, { exceptSessionId, reason: 'PASSWORD_CHANGED', now });
  return true;
};

/** Stores a stronger hash of the same password. Returns false when the password changed meanwhile. */
export const rehashPassword = (
  pool: Pool,
  { userId, passwordHash }: Pick<UserByEmail, 'userId' | 'passwordHash'>,
  strongerHash: string,
): Promise<boolean> =>
  asUser(pool, userId, async (db) => {
    if (!(await lockPassword(db, userId, passwordHash))) return false;
    await db.query('update identity.users set password_hash = $2 where user_id = $1', [userId, strongerHash]);
    return true;
  });

/** What a deactivation is decided by. */
type Deactivation = {
  /** The OWNERs of each open organization of the user. */
  readonly owners: readonly (readonly string[])[];
  readonly now: Date;
  /** Proves in the transaction that the owners have not changed meanwhile, or throws. */
  readonly confirm?: (db: PoolClient) => Promise<void>;
};

/**
 * Deactivates a user for ever and ends all sessions and access tokens. Refuses when an organization would have no OWNER
 * who can sign in. Returns `unknown` when there is no such active user.
 */
export const deactivateUser = (
  pool: Pool,
  userId: string,
  { owners, now, confirm }: Deactivation,
): Promise<'deactivated' | 'last_owner' | 'unknown'> =>
  asUser(pool, userId, async (db) => {
    await confirm?.(db);
    for (const ownerIds of owners) {
      const others = ownerIds.filter((id) => id !== userId);
      if (ownerIds.length > others.length && (await activeOf(db, others)).length === 0) return 'last_owner';
    }
    await becomeUser(db, userId);
    const { rowCount } = await db.query({
      name: 'deactivate-user',
      text: `update identity.users set state = 'deactivated', deactivated_at = $2, sessions_not_before = $2
        where user_id = $1 and state = 'active'`,
      values: [userId, now],
    });
    if (rowCount !== 1) return 'unknown';
    await forgetDevices(db, userId);
    await endSessions(db, userId, { exceptSessionId: null, reason: 'DEACTIVATED', now });
    return 'deactivated';
  });

/** Returns those of the users who can no longer sign in. */
export const deactivatedAmong = async (pool: Pool, userIds: readonly string[]): Promise<readonly string[]> => {
  const active = await activeOf(pool, userIds);
  return userIds.filter((id) => !active.includes(id));
};

const activeOf = async (db: Pool | PoolClient, userIds: readonly string[]): Promise<readonly string[]> => {
  const { rows } = await db.query<[string]>({
    name: 'active-users',
    text: `select user_id from identity.user_profiles($1) where state = 'active'`,
    values: [userIds],
    rowMode: 'array',
  });
  return rows.map(([userId]) => userId);
};
