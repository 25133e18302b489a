import type { Pool, PoolClient } from 'pg';

/**
 * The one door to a user's own rows: inside, row-level security shows the row, sessions and tokens of this user; outside,
 * nobody's. One transaction; a connection that did not commit is destroyed.
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
    // A transaction that failed inside answers its commit with a rollback, and no error.
    if (command !== 'COMMIT') throw new Error('The transaction had failed before its commit and was rolled back.');
    committed = true;
    return result;
  } finally {
    db.release(!committed);
  }
};

/** Goes on as another user within the transaction. */
export const becomeUser = async (db: PoolClient, userId: string): Promise<void> => {
  await db.query({ name: 'as-user', text: "select set_config('app.user_id', $1, true)", values: [userId] });
};
