import type { Pool, PoolClient } from 'pg';
import { createKeyedQueue } from '../async/keyed-queue.ts';
import { transaction } from '../postgres/transaction.ts';

/**
 * Runs `work` in one transaction as this user and returns its result. Row-level security shows the row, sessions and
 * tokens of a user only here. Destroys the connection when the transaction did not commit. The changes of one user
 * run one after the other. Throws WaitedTooLong after 10 seconds of waiting.
 */
export const asUser = async <T>(
  pool: Pool,
  userId: string,
  work: (db: PoolClient) => Promise<T>,
  { readOnly }: { readonly readOnly: boolean } = { readOnly: false },
): Promise<T> => {
  if (userId === '') throw new Error('asUser needs the id of a user.');
  const run = () =>
    transaction(pool, readOnly ? 'begin read only' : 'begin', async (db) => {
      await becomeUser(db, userId);
      return work(db);
    });
  // The changes of one user lock the same rows. They wait here without a connection.
  return readOnly ? run() : oneAfterAnother(userId, run);
};

const oneAfterAnother = createKeyedQueue();

/** Continues the transaction as another user. */
export const becomeUser = async (db: PoolClient, userId: string): Promise<void> => {
  await db.query({ name: 'as-user', text: "select set_config('app.user_id', $1, true)", values: [userId] });
};
