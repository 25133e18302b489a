import type { PoolClient } from 'pg';

/**
 * Locks the active user's password until the end of the caller's transaction, which runs as this user. Returns true
 * when the stored hash is `passwordHash`.
 */
export const lockPassword = async (db: PoolClient, userId: string, passwordHash: string): Promise<boolean> => {
  const { rows: users } = await db.query<{ email: string }>({
    name: 'lock-password',
    text: `select email from identity.users where user_id = $1 and state = 'active' for update`,
    values: [userId],
  });
  const [user] = users;
  if (user === undefined) return false;
  // The statement above may have waited for a change and would see the old hash. So a new statement reads it.
  const { rows } = await db.query<{ password_hash: string }>({
    name: 'locked-password',
    text: 'select password_hash from identity.user_by_email($1)',
    values: [user.email],
  });
  return rows[0]?.password_hash === passwordHash;
};
