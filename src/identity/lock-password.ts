import type { PoolClient } from 'pg';

/**
 * True while the active user's password is the one that has this hash: it cannot be changed before the transaction ends.
 * Within the caller's transaction as this user.
 */
export const holdPassword = async (db: PoolClient, userId: string, passwordHash: string): Promise<boolean> => {
  const { rows: held } = await db.query<{ email: string }>({
    name: 'hold-password',
    text: `select email from identity.users where user_id = $1 and state = 'active' for update`,
    values: [userId],
  });
  const [user] = held;
  if (user === undefined) return false;
  // A statement of its own: the one above may have waited for a change, and would still see what was before.
  const { rows } = await db.query<{ password_hash: string }>({
    name: 'held-password',
    text: 'select password_hash from identity.user_by_email($1)',
    values: [user.email],
  });
  return rows[0]?.password_hash === passwordHash;
};
