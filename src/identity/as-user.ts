import type { Pool, PoolClient } from 'pg';
import { transaction } from '../postgres/transaction.ts';

/**
 * Runs `work` in one transaction as this user and returns its result. Row-level security shows the row, sessions and
 * tokens of a user only here. Destroys the connection when the transaction did not commit.
 */
export const asUser = async <T>(
  pool: Pool,
  userId: string,
  work: (db: PoolClient) => Promise<T>,
  { readOnly }: { readonly readOnly: boolean } = { readOnly: false },
): Promise<T> => {
  if (userId === '') throw new Error('asUser needs the id of a user.');
  return transaction(pool, readOnly ? 'begin read only' : 'begin', async (db) => {
    await becomeUser(db, userId);
    return work(db);
  });
};

/** Continues the transaction as another user. */
export const becomeUser = async (db: PoolClient, userId: string): Promise<void> => {
  await db.query({ name: 'as-user', text: "select set_config('app.user_id', $1, true)", values: [userId] });
};
