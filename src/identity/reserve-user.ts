import type { Pool, PoolClient } from 'pg';
import { asUser, becomeUser } from './as-user.ts';
import { claimOn, isProvenIn, takeUnprovenAddress } from './mailed/proven-address.ts';
import { findUserByEmail, type User, type UserByEmail } from './users.ts';

/** The user of a signup. `userId` is derived from `commandId`, so that a retry creates the same user. */
export type NewUser = {
  readonly userId: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly displayName: string | null;
  readonly commandId: string;
  /** True when a mailed token has proved the address. Absent: false. */
  readonly isProven?: boolean;
  /** True when a user who proved the address takes it from one who never did. Absent: false. */
  readonly replacesUnproven?: boolean;
  readonly now: Date;
};

/**
 * The result of a reservation. `reserved`: the address belongs to this command, which must activate the user within 60
 * seconds. `displaces` is the user who keeps the address until then, or null. `active`: this command has already created
 * the user; check the password before a repeated answer. `unproven`: a user who never proved the address has it, and this
 * reservation, which has proved it, does not replace that user. `taken`: the address belongs to another user.
 */
export type Reservation =
  | { readonly outcome: 'reserved'; readonly displaces: string | null }
  | { readonly outcome: 'unproven'; readonly state: User['state'] }
  | { readonly outcome: 'active'; readonly passwordHash: string }
  | { readonly outcome: 'taken' };

const abandonedAfterMs = 60_000;
const reserved = { outcome: 'reserved', displaces: null } as const;
const taken = { outcome: 'taken' } as const;

/**
 * Reserves the address for a user who is pending until `activateUser`. Only one of several concurrent attempts
 * succeeds. It takes over the address of an abandoned signup and deletes that pending user. It changes nobody else.
 */
export const reserveUser = (pool: Pool, user: NewUser): Promise<Reservation> =>
  asUser(pool, user.userId, (db) => reserveIn(db, user));

const reserveIn = async (db: PoolClient, user: NewUser): Promise<Reservation> => {
  if (await insertPending(db, user)) return reserved;
  const existing = await findUserByEmail(db, user.email);
  if (existing?.userId === user.userId && existing.commandId === user.commandId) return repeat(db, user, existing);
  if (existing === null) return taken;
  if (existing.state !== 'pending') return claim(db, user, { ...existing, state: existing.state });
  return takeOver(db, user, existing);
};

/** Takes the address of an abandoned signup. */
const takeOver = async (db: PoolClient, user: NewUser, existing: UserByEmail): Promise<Reservation> => {
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
};

/**
 * Activates the user. A user who replaces one without a proved address takes the address in this transaction. A retry
 * changes nothing. Returns false when another signup has taken the address over, or its user has proved it meanwhile.
 */
export const activateUser = (pool: Pool, user: Omit<NewUser, 'passwordHash' | 'displayName'>) =>
  asUser(pool, user.userId, async (db): Promise<boolean> => {
    const { userId, commandId, now } = user;
    if (!(await redeemClaim(db, user))) return false;
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

/**
 * Reserves the address of a user who never proved it, when this reservation has proved it. That user keeps it until the new
 * one is activated, so a signup that fails in between takes nothing.
 */
const claim = async (
  db: PoolClient,
  user: NewUser,
  { userId: holder, state }: Pick<User, 'userId' | 'state'>,
): Promise<Reservation> => {
  if (user.isProven !== true || (await isProvenIn(db, holder))) return taken;
  await becomeUser(db, user.userId);
  if (user.replacesUnproven !== true) return { outcome: 'unproven', state };
  const reservation = await reserveIn(db, { ...user, email: claimOn(user.email) });
  return reservation.outcome === 'reserved' ? { ...reservation, displaces: holder } : reservation;
};

/**
 * Takes the claimed address from the user who has it. Does nothing for a user without a claim. Returns false when the other
 * user has proved the address.
 */
const redeemClaim = async (
  db: PoolClient,
  user: Pick<NewUser, 'userId' | 'commandId' | 'email' | 'now'>,
): Promise<boolean> => {
  const { userId, commandId, email } = user;
  const { rowCount } = await db.query({
    name: 'lock-claim',
    text: `select from identity.users where user_id = $1 and command_id = $2 and state = 'pending'
      and email_lower = lower($3) collate "C" for update`,
    values: [userId, commandId, claimOn(email)],
  });
  if (rowCount !== 1) return true;
  const holder = await findUserByEmail(db, email);
  if (holder !== null && !(await takeUnprovenAddress(db, holder.userId, user))) return false;
  await becomeUser(db, userId);
  await db.query({
    name: 'redeem-claim',
    text: 'update identity.users set email = $2 where user_id = $1',
    values: [userId, email],
  });
  return true;
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
