import type { Pool } from 'pg';
import { asUser } from './as-user.ts';

/** Returns the address of a user in any state, also of one who is not yet active. Returns null for an unknown id. */
export const addressOfUser = (pool: Pool, userId: string): Promise<string | null> =>
  asUser(
    pool,
    userId,
    async (db) => {
      const { rows } = await db.query<{ email: string }>({
        name: 'address-of-user',
        text: 'select email from identity.users where user_id = $1',
        values: [userId],
      });
      return rows[0]?.email ?? null;
    },
    { readOnly: true },
  );
