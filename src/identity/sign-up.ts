import type { Pool, PoolClient } from 'pg';
import { asUser, becomeUser } from './as-user.ts';
import { findUserByEmail } from './users.ts';

/** A user in the making. `userId` follows from `commandId`, so that a repetition makes the same one. */
export type NewUser = {
  readonly userId: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly displayName: string | null;
  readonly commandId: string;
  readonly now: Date;
};

/**
 * `reserved`: the address is held for this command, until it activates the user or gives up for 60 seconds. `active`: this
 * command did all that before; whoever repeats it must still know the password. `taken`: the address is another's.
 */
export type Reservation =
  | { readonly outcome: 'reserved' }
  | { readonly outcome: 'active'; readonly passwordHash: string }
  | { readonly outcome: 'taken' };

const abandonedAfterMs = 60_000;

/**
 * Takes the address for a user who is pending until `activateUser`. One of any number of attempts at the same address wins.
 * An address whose signup was abandoned is taken over, by a user of another id: the old one never was anybody.
 */
export const reserveUser = (pool: Pool, user: NewUser): Promise<Reservation> =>
  asUser(pool, user.userId, async (db): Promise<Reservation> => {
    if (await insertPending(db, user)) return { outcome: 'reserved' };
    const found = await findUserByEmail(db, user.email);
    if (found?.userId === user.userId && found.commandId === user.commandId) return repeat(db, user, found);
    const abandonedAt = user.now.getTime() - abandonedAfterMs;
    if (found?.state !== 'pending' || found.createdAt.getTime() > abandonedAt) return { outcome: 'taken' };
    await becomeUser(db, found.userId);
    // Only one that is pending still: a transaction that activates or renews it at this moment is waited for.
    const { rowCount } = await db.query({
      name: 'drop-abandoned-user',
      text: `delete from identity.users where user_id = $1 and state = 'pending' and created_at <= $2`,
      values: [found.userId, new Date(abandonedAt)],
    });
    await becomeUser(db, user.userId);
    const isOurs = rowCount === 1 && (await insertPending(db, user));
    return { outcome: isOurs ? 'reserved' : 'taken' };
  });

/** Lets the user in. False: the reservation was given up for too long, and another has the address. Again changes nothing. */
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

/** Gives the address back at once: nothing came of the command. Whoever is active stays. */
export const abandonUser = (pool: Pool, user: Pick<NewUser, 'userId' | 'commandId'>): Promise<void> =>
  asUser(pool, user.userId, (db) => abandonUserIn(db, user));

/** Gives the address back as `abandonUser` does, within a transaction of the caller. */
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

const insertPending = async (db: PoolClient, user: NewUser): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'insert-pending-user',
    text: `insert into identity.users (user_id, email, password_hash, display_name, state, command_id, created_at)
      values ($1, $2, $3, $4, 'pending', $5, $6) on conflict do nothing`,
    values: [user.userId, user.email, user.passwordHash, user.displayName, user.commandId, user.now],
  });
  return rowCount === 1;
};

/** The same command once more: nobody was answered yet, so what it says now counts, and holds for another 60 seconds. */
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
  if (rowCount === 1) return { outcome: 'reserved' };
  const { rows } = await db.query<{ state: string }>('select state from identity.users where user_id = $1', [
    user.userId,
  ]);
  return rows[0]?.state === 'active' ? { outcome: 'active', passwordHash } : { outcome: 'taken' };
};
