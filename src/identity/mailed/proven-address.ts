import type { Pool, PoolClient } from 'pg';
import { asUser, becomeUser } from '../as-user.ts';
import { endSessions } from '../sessions.ts';
import { endResets } from './resets.ts';

/**
 * The domain of the addresses of users who lost theirs (RFC 2606: it never exists). Such a user signs in with
 * `<user id>@no-address.invalid`. Nobody signs up with it or is invited to it.
 */
export const noAddressDomain = 'no-address.invalid';

/** Returns true when a mailed token has proved the address of the user. */
export const isAddressProven = (pool: Pool, userId: string): Promise<boolean> =>
  asUser(pool, userId, (db) => isProvenIn(db, userId), { readOnly: true });

/** Tells like `isAddressProven`, in the caller's transaction, and continues as this user. */
export const isProvenIn = async (db: PoolClient, userId: string): Promise<boolean> => {
  await becomeUser(db, userId);
  const { rowCount } = await db.query({
    name: 'is-address-proven',
    text: 'select from identity.users where user_id = $1 and email_proven_at is not null',
    values: [userId],
  });
  return rowCount === 1;
};

/**
 * Returns the address of a pending user who waits for `email`, while a user who never proved it still has it. It is unique
 * like every address, so one pending user waits at a time. Nobody signs up with it or is invited to it.
 */
export const claimOn = (email: string): string => `${email}@${noAddressDomain}`;

/** Notes that a mailed token has proved the address of a user. Does nothing when the user has another one by now. */
export const proveAddress = (
  pool: Pool,
  userId: string,
  { email, now }: { readonly email: string; readonly now: Date },
): Promise<void> =>
  asUser(pool, userId, async (db) => {
    await db.query({
      name: 'prove-address',
      text: `update identity.users set email_proven_at = $3
        where user_id = $1 and email_lower = lower($2) collate "C" and email_proven_at is null`,
      values: [userId, email, now],
    });
  });

/**
 * Takes an address from a user who never proved it, for the person who just has. The user keeps everything else, and
 * every session, access token and reset ends. Returns false when the address is proved, or belongs to a signup under
 * way. Runs in the caller's transaction, and continues as this user.
 */
export const takeUnprovenAddress = async (
  db: PoolClient,
  userId: string,
  { email, now }: { readonly email: string; readonly now: Date },
): Promise<boolean> => {
  await becomeUser(db, userId);
  const { rowCount } = await db.query({
    name: 'take-unproven-address',
    text: `update identity.users set email = user_id || '@${noAddressDomain}', sessions_not_before = $3
      where user_id = $1 and email_lower = lower($2) collate "C" and email_proven_at is null and state <> 'pending'`,
    values: [userId, email, now],
  });
  if (rowCount !== 1) return false;
  await endSessions(db, userId, { exceptSessionId: null, reason: 'ADDRESS_LOST', now });
  await endResets(db, userId, now);
  return true;
};
