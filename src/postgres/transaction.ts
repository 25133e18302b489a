import type { Pool, PoolClient } from 'pg';

/**
 * Runs `work` in one transaction, which the statement `begin` starts. Closes a connection that did not commit, which
 * rolls back from any state. When the commit itself fails, it is unknown whether it took effect.
 */
export const transaction = async <T>(pool: Pool, begin: string, work: (db: PoolClient) => Promise<T>): Promise<T> => {
  const db = await pool.connect();
  let committed = false;
  try {
    await db.query(begin);
    const result = await work(db);
    const { command } = await db.query('commit');
    // Postgres answers the commit of a failed transaction with a rollback, and without an error.
    if (command !== 'COMMIT') throw new Error('The transaction had failed before its commit and was rolled back.');
    committed = true;
    return result;
  } finally {
    db.release(!committed);
  }
};
