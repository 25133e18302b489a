import type { Pool, PoolClient } from 'pg';
import { asUser } from '../as-user.ts';
import { storePassword } from '../users.ts';

/** How long a mailed password reset works, from the mail on: 30 minutes. */
export const resetMinutes = 30;

/** A password reset of a user. */
export type ResetPlace = { readonly userId: string; readonly resetId: string };

/**
 * Opens a password reset of an active user for 30 minutes, or prolongs it when its mail is sent again. Returns false when
 * it was used, or the user can no longer sign in.
 */
export const openReset = (pool: Pool, { userId, resetId }: ResetPlace, now: Date): Promise<boolean> =>
  asUser(pool, userId, async (db) => {
    const { rowCount } = await db.query({
      name: 'open-password-reset',
      text: `insert into identity.password_resets (reset_id, user_id, created_at, expires_at)
        select $2, user_id, $3, $4 from identity.users where user_id = $1 and state = 'active'
        on conflict (reset_id) do update set expires_at = excluded.expires_at
          where identity.password_resets.used_at is null`,
      values: [userId, resetId, now, resetEnd(now)],
    });
    return rowCount === 1;
  });

/** Returns when a password reset ends that is mailed now. */
export const resetEnd = (now: Date): Date => new Date(now.getTime() + resetMinutes * 60_000);

/** Returns true when this command may use the reset, or has used it. Does not lock it. */
export const isResetOpen = (
  pool: Pool,
  { userId, resetId }: ResetPlace,
  { commandId, now }: { readonly commandId: string; readonly now: Date },
): Promise<boolean> =>
  asUser(
    pool,
    userId,
    async (db) => {
      const { rowCount } = await db.query({
        name: 'is-password-reset-open',
        text: `select from identity.password_resets where (user_id, reset_id) = ($1, $2)
          and (used_command = $3 or used_at is null and expires_at > $4)`,
        values: [userId, resetId, commandId, now],
      });
      return rowCount === 1;
    },
    { readOnly: true },
  );

/**
 * Uses a reset: stores the password, proves the address, ends every session, access token and other reset of the user.
 * Only one of several concurrent calls does so. Returns `repeated` when this command has used it before, and `ended` when
 * it was used by another one, has expired, or the user can no longer sign in.
 */
export const redeemReset = (
  pool: Pool,
  { userId, resetId }: ResetPlace,
  change: { readonly passwordHash: string; readonly commandId: string; readonly now: Date },
): Promise<'reset' | 'repeated' | 'ended'> =>
  asUser(pool, userId, async (db) => {
    const { passwordHash, commandId, now } = change;
    // The row of the user is locked first, as by those who take an unproven address away.
    const { rowCount: users } = await db.query({
      name: 'lock-user-of-reset',
      text: `select from identity.users where user_id = $1 and state = 'active' for update`,
      values: [userId],
    });
    if (users !== 1) return 'ended';
    const { rowCount } = await db.query({
      name: 'use-password-reset',
      text: `update identity.password_resets set used_at = $4, used_command = $3
        where (user_id, reset_id) = ($1, $2) and used_at is null and expires_at > $4`,
      values: [userId, resetId, commandId, now],
    });
    if (rowCount !== 1) return (await wasUsedBy(db, { userId, resetId }, commandId)) ? 'repeated' : 'ended';
    await storePassword(db, userId, { passwordHash, exceptSessionId: null, now });
    await db.query({
      name: 'prove-address-by-reset',
      text: 'update identity.users set email_proven_at = coalesce(email_proven_at, $2) where user_id = $1',
      values: [userId, now],
    });
    await endResets(db, userId, now);
    return 'reset';
  });

/** Ends the open resets of a user. Runs in the caller's transaction as this user. */
export const endResets = async (db: PoolClient, userId: string, now: Date): Promise<void> => {
  await db.query({
    name: 'end-password-resets',
    text: `update identity.password_resets set expires_at = $2
      where user_id = $1 and used_at is null and expires_at > $2`,
    values: [userId, now],
  });
};

const wasUsedBy = async (db: PoolClient, { userId, resetId }: ResetPlace, commandId: string): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'password-reset-used-by',
    text: `select from identity.password_resets where (user_id, reset_id, used_command) = ($1, $2, $3)`,
    values: [userId, resetId, commandId],
  });
  return rowCount === 1;
};
