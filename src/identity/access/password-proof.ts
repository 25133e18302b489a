import type { Pool } from 'pg';
import { asUser } from '../as-user.ts';
import { lockPassword } from '../lock-password.ts';

/** How long a presented password counts for what cannot be undone: 5 minutes. */
export const proofMs = 5 * 60_000;

type OfSession = { readonly userId: string; readonly sessionId: string; readonly now: Date };

/**
 * Notes that the password of the hash was presented in a session. Returns `wrong` when the stored password differs from
 * it, and `ended` when the user or the session has ended.
 */
export const notePasswordProof = (
  pool: Pool,
  { userId, sessionId, passwordHash, now }: OfSession & { readonly passwordHash: string },
): Promise<'noted' | 'wrong' | 'ended'> =>
  asUser(pool, userId, async (db) => {
    if (!(await lockPassword(db, userId, passwordHash))) return 'wrong';
    const { rowCount } = await db.query({
      name: 'note-password-proof',
      text: `update identity.sessions set password_at = $3
        where user_id = $1 and session_id = $2 and revoked_at is null`,
      values: [userId, sessionId, now],
    });
    return rowCount === 1 ? 'noted' : 'ended';
  });

/** Returns true when the password was presented in this open session within the last five minutes. */
export const isPasswordFresh = (pool: Pool, { userId, sessionId, now }: OfSession): Promise<boolean> =>
  asUser(
    pool,
    userId,
    async (db) => {
      const { rowCount } = await db.query({
        name: 'is-password-fresh',
        text: `select from identity.sessions
          where user_id = $1 and session_id = $2 and revoked_at is null and password_at > $3`,
        values: [userId, sessionId, new Date(now.getTime() - proofMs)],
      });
      return rowCount === 1;
    },
    { readOnly: true },
  );
