import type { Pool, PoolClient } from 'pg';

/**
 * Runs `work` in one transaction, begun with `begin`. A connection that did not commit is closed, not reused: that rolls
 * back whatever state it was in. When the commit itself fails, whether it took effect is unknown.
 */
export const transaction = async <T>(pool: Pool, begin: string, work: (db: PoolClient) => Promise<T>): Promise<T> => {
  const db = await pool.connect();
  let committed = false;
  try {
    await db.query(begin);
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
