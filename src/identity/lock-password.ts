import type { PoolClient } from 'pg';

/**
 * Locks the active user's password until the end of the caller's transaction, which runs as this user. Returns true
 * when the stored hash is `passwordHash`, and the address is `email` where that is given.
 */
export const lockPassword = async (
  db: PoolClient,
  userId: string,
  passwordHash: string,
  email: string | null = null,
): Promise<boolean> => {
  const { rows: users } = await db.query<{ email: string; is_own_address: boolean }>({
    name: 'lock-password',
    text: `select email, $2::text is null or email_lower = lower($2) collate "C" as is_own_address
      from identity.users where user_id = $1 and state = 'active' for update`,
    values: [userId, email],
  });
  const [user] = users;
  if (user === undefined || !user.is_own_address) return false;
  // The statement above may have waited for a change and would see the old hash. So a new statement reads it.
  const { rows } = await db.query<{ password_hash: string }>({
    name: 'locked-password',
    text: 'select password_hash from identity.user_by_email($1)',
    values: [user.email],
  });
  return rows[0]?.password_hash === passwordHash;
};
