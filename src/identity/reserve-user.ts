import type { Pool, PoolClient } from 'pg';
import { asUser, becomeUser } from './as-user.ts';
import { takeUnprovenAddress } from './mailed/proven-address.ts';
import { findUserByEmail } from './users.ts';

/** The user of a signup. `userId` is derived from `commandId`, so that a retry creates the same user. */
export type NewUser = {
  readonly userId: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly displayName: string | null;
  readonly commandId: string;
  /** True when a mailed token has proved the address. It is then taken from a user who never proved it. */
  readonly isProven?: boolean;
  readonly now: Date;
};

/**
 * The result of a reservation. `reserved`: the address belongs to this command, which must activate the user within 60
 * seconds. `displaced` is the user who lost it to a proved reservation. `active`: this command has already created the user; check the password before a repeated answer. `taken`:
 * the address belongs to another user.
 */
export type Reservation =
  | { readonly outcome: 'reserved'; readonly displaced: string | null }
  | { readonly outcome: 'active'; readonly passwordHash: string }
  | { readonly outcome: 'taken' };

const abandonedAfterMs = 60_000;
const reserved = { outcome: 'reserved', displaced: null } as const;
const taken = { outcome: 'taken' } as const;

/**
 * Reserves the address for a user who is pending until `activateUser`. Only one of several concurrent attempts
 * succeeds. It takes over the address of an abandoned signup and deletes that pending user.
 */
export const reserveUser = (pool: Pool, user: NewUser): Promise<Reservation> =>
  asUser(pool, user.userId, async (db): Promise<Reservation> => {
    if (await insertPending(db, user)) return reserved;
    const existing = await findUserByEmail(db, user.email);
    if (existing?.userId === user.userId && existing.commandId === user.commandId) return repeat(db, user, existing);
    if (existing !== null && existing.state !== 'pending') return displace(db, user, existing);
    if (existing === null) return taken;
    const abandonedAt = user.now.getTime() - abandonedAfterMs;
    if (existing.createdAt.getTime() > abandonedAt) return taken;
    await becomeUser(db, existing.userId);
    // Waits for a transaction that activates or renews the user at this moment, and then deletes only a pending one.
    const { rowCount } = await db.query({
      name: 'drop-abandoned-user',
      text: `delete from identity.users where user_id = $1 and state = 'pending' and created_at <= $2`,
      values: [existing.userId, new Date(abandonedAt)],
    });
    await becomeUser(db, user.userId);
    const isOurs = rowCount === 1 && (await insertPending(db, user));
    return isOurs ? reserved : taken;
  });

/** Activates the user. A retry changes nothing. Returns false when another signup has taken the address over. */
export const activateUser = (
  pool: Pool,
  { userId, commandId, now }: Omit<NewUser, 'email' | 'passwordHash' | 'displayName'>,
) =>
  asUser(pool, userId, async (db): Promise<boolean> => {
    const { rowCount } = await db.query({
      name: 'activate-user',
      text: `update identity.users set state = 'active', activated_at = coalesce(activated_at, $3)
        where user_id = $1 and command_id = $2 and state <> 'deactivated'`,
      values: [userId, commandId, now],
    });
    return rowCount === 1;
  });

/** Releases the address of a failed signup at once. Does not change an active user. */
export const abandonUser = (pool: Pool, user: Pick<NewUser, 'userId' | 'commandId'>): Promise<void> =>
  asUser(pool, user.userId, (db) => abandonUserIn(db, user));

/** Releases the address like `abandonUser`, in the caller's transaction. */
export const abandonUserIn = async (
  db: PoolClient,
  { userId, commandId }: Pick<NewUser, 'userId' | 'commandId'>,
): Promise<void> => {
  await becomeUser(db, userId);
  await db.query({
    name: 'abandon-user',
    text: `delete from identity.users where user_id = $1 and command_id = $2 and state = 'pending'`,
    values: [userId, commandId],
  });
};

/** Takes the address from a user who never proved it, when this reservation has proved it. */
const displace = async (
  db: PoolClient,
  user: NewUser,
  { userId: displaced }: { readonly userId: string },
): Promise<Reservation> => {
  if (user.isProven !== true || !(await takeUnprovenAddress(db, displaced, user))) return taken;
  await becomeUser(db, user.userId);
  return (await insertPending(db, user)) ? { outcome: 'reserved', displaced } : taken;
};

const valuesOf = ({ userId, email, passwordHash, displayName, commandId, now }: NewUser): readonly unknown[] => [
  userId,
  email,
  passwordHash,
  displayName,
  commandId,
  now,
];

const insertPending = async (db: PoolClient, user: NewUser): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'insert-pending-user',
    text: `insert into identity.users (user_id, email, password_hash, display_name, state, command_id, created_at,
        email_proven_at) values ($1, $2, $3, $4, 'pending', $5, $6, $7) on conflict do nothing`,
    values: [...valuesOf(user), user.isProven === true ? user.now : null],
  });
  return rowCount === 1;
};

/** Repeats a signup that got no answer: stores its current values and reserves the address for another 60 seconds. */
const repeat = async (
  db: PoolClient,
  user: NewUser,
  { passwordHash }: { readonly passwordHash: string },
): Promise<Reservation> => {
  const { rowCount } = await db.query({
    name: 'repeat-sign-up',
    text: `update identity.users set email = $2, password_hash = $3, display_name = $4, created_at = $5
      where user_id = $1 and state = 'pending'`,
    values: [user.userId, user.email, user.passwordHash, user.displayName, user.now],
  });
  if (rowCount === 1) return reserved;
  const { rows } = await db.query<{ state: string }>('select state from identity.users where user_id = $1', [
    user.userId,
  ]);
  return rows[0]?.state === 'active' ? { outcome: 'active', passwordHash } : taken;
};
