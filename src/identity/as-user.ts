import type { Pool, PoolClient } from 'pg';

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
  const db = await pool.connect();
  let committed = false;
  try {
    await db.query(readOnly ? 'begin read only' : 'begin');
    await becomeUser(db, userId);
    const result = await work(db);
    const { command } = await db.query('commit');
    // Postgres rolls a failed transaction back at its commit and reports no error.
    if (command !== 'COMMIT') throw new Error('The transaction had failed before its commit and was rolled back.');
    committed = true;
    return result;
  } finally {
    db.release(!committed);
  }
};

/** Continues the transaction as another user. */
export const becomeUser = async (db: PoolClient, userId: string): Promise<void> => {
  await db.query({ name: 'as-user', text: "select set_config('app.user_id', $1, true)", values: [userId] });
};
