import type { Pool, PoolClient } from 'pg';
import { asUser, becomeUser } from './as-user.ts';
import { holdPassword } from './lock-password.ts';
import { endSessions } from './sessions.ts';

/** Lists the states of a user, as the check constraint of identity.users does. */
export const userStates = ['pending', 'active', 'deactivated'] as const;
type UserState = (typeof userStates)[number];

/** What a user is shown of themselves; never the password's hash. `email` is as it was given. */
export type User = {
  readonly userId: string;
  readonly email: string;
  readonly displayName: string | null;
  readonly state: Exclude<UserState, 'pending'>;
  readonly createdAt: Date;
};

/** Whose an address is, for a login or a signup. `commandId` is that of the signup. */
export type UserByEmail = {
  readonly userId: string;
  readonly passwordHash: string;
  readonly state: UserState;
  readonly commandId: string;
  readonly createdAt: Date;
};

/** Who has this address, without regard to case; null: nobody, as for every one that is not all ASCII. A pending one cannot log in. */
export const findUserByEmail = async (db: Pool | PoolClient, email: string): Promise<UserByEmail | null> => {
  // Nobody signs up with another character, and Postgres lowers some of them to ASCII ones, as JavaScript does not: a login
  // would be of one account, and be counted for another.
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

/** A user who is active or deactivated; null: there is none. */
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

/** Names and addresses of users by id, for a list; the caller has made sure that they may be shown. Unknown ids are left out. */
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

/** Gives an active user another name. False: there is none. */
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
 * Gives an active user another password and ends all sessions but `exceptSessionId`. With null, every access token there is
 * ends too. False: there is no such user.
 */
export const setPassword = (pool: Pool, userId: string, wanted: NewPassword): Promise<boolean> =>
  asUser(pool, userId, (db) => storePassword(db, userId, wanted));

type NewPassword = { readonly passwordHash: string; readonly exceptSessionId: string | null; readonly now: Date };

/**
 * The same for a user who has shown the password of the hash `from` in the session, and keeps it. `wrong`: another one is
 * stored by now. `over`: there is no such user, or the session has ended.
 */
export const changePassword = (
  pool: Pool,
  userId: string,
  {
    from,
    sessionId,
    ...wanted
  }: { readonly from: string; readonly sessionId: string } & Omit<NewPassword, 'exceptSessionId'>,
): Promise<'changed' | 'wrong' | 'over'> =>
  asUser(pool, userId, async (db) => {
    const isHeld = await holdPassword(db, userId, from);
    const { rowCount } = await db.query({
      name: 'hold-session',
      text: `select from identity.sessions where user_id = $1 and session_id = $2 and revoked_at is null for update`,
      values: [userId, sessionId],
    });
    if (rowCount !== 1) return 'over';
    if (!isHeld) return 'wrong';
    return (await storePassword(db, userId, { ...wanted, exceptSessionId: sessionId })) ? 'changed' : 'over';
  });

const storePassword = async (
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
  await endSessions(db, userId, { exceptSessionId, reason: 'PASSWORD_CHANGED', now });
  return true;
};

/** Stores a stronger hash of the same password; nothing happens when the password was changed since `user` was read. */
export const rehashPassword = (
  pool: Pool,
  { userId, passwordHash }: Pick<UserByEmail, 'userId' | 'passwordHash'>,
  strongerHash: string,
): Promise<boolean> =>
  asUser(pool, userId, async (db) => {
    if (!(await holdPassword(db, userId, passwordHash))) return false;
    await db.query('update identity.users set password_hash = $2 where user_id = $1', [userId, strongerHash]);
    return true;
  });

/** An organization that a user may own. `ownerIds` reads who owns it, with that user; nobody, where it is closed. */
export type Owned = { readonly organizationId: string; readonly ownerIds: () => Promise<readonly string[]> };

/**
 * Ends a login for good, with all its sessions and access tokens, unless one of the organizations would be left without an
 * OWNER who can sign in: of several who leave at once, one stays. `unknown`: there is no such active user.
 */
export const deactivateUser = (
  pool: Pool,
  userId: string,
  { owned, now }: { readonly owned: readonly Owned[]; readonly now: Date },
): Promise<'deactivated' | 'last_owner' | 'unknown'> =>
  asUser(pool, userId, async (db) => {
    // In one order, so that two who own the same organizations do not wait for each other for ever.
    for (const { organizationId } of owned.toSorted((a, b) => a.organizationId.localeCompare(b.organizationId, 'en'))) {
      await holdOwners(db, organizationId);
    }
    for (const { ownerIds } of owned) {
      const owners = await ownerIds();
      const others = owners.filter((id) => id !== userId);
      if (owners.length > others.length && (await activeOf(db, others)).length === 0) return 'last_owner';
    }
    await becomeUser(db, userId);
    const { rowCount } = await db.query({
      name: 'deactivate-user',
      text: `update identity.users set state = 'deactivated', deactivated_at = $2, sessions_not_before = $2
        where user_id = $1 and state = 'active'`,
      values: [userId, now],
    });
    if (rowCount !== 1) return 'unknown';
    await endSessions(db, userId, { exceptSessionId: null, reason: 'DEACTIVATED', now });
    return 'deactivated';
  });

/**
 * Does `work` on what the member `userId` of an organization is, knowing which of its OWNERs were deactivated: nobody is,
 * before `work` has ended. Throws where others hold the organization for more than 2 s.
 */
export const whileOwnersStay = <T>(
  pool: Pool,
  userId: string,
  { organizationId, ownerIds }: Owned,
  work: (deactivated: readonly string[]) => Promise<T>,
): Promise<T> =>
  asUser(pool, userId, async (db) => {
    await holdOwners(db, organizationId);
    const owners = await ownerIds();
    const active = await activeOf(db, owners);
    return work(owners.filter((id) => !active.includes(id)));
  });

// Whether OWNERs can sign in is written here, who is an OWNER in the event store: this keeps the two from changing at once.
const holdOwners = async (db: PoolClient, organizationId: string): Promise<void> => {
  await db.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`owners of ${organizationId}`]);
};

const activeOf = async (db: PoolClient, userIds: readonly string[]): Promise<readonly string[]> => {
  const { rows } = await db.query<[string]>({
    name: 'active-users',
    text: `select user_id from identity.user_profiles($1) where state = 'active'`,
    values: [userIds],
    rowMode: 'array',
  });
  return rows.map(([userId]) => userId);
};
