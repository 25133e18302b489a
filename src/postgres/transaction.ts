import type { Pool, PoolClient } from 'pg';
import { refuseWithConnection, withConnection } from '../async/connection-watch.ts';

/**
 * Runs `work` in one transaction, which the statement `begin` starts. Closes a connection that did not commit, which
 * rolls back from any state. When the commit itself fails, it is unknown whether it took effect. The work must wait for
 * nothing but this connection: not for the event store, a password or another connection. Tests refuse that.
 */
export const transaction = async <T>(pool: Pool, begin: string, work: (db: PoolClient) => Promise<T>): Promise<T> => {
  refuseWithConnection('take a second connection');
  const db = await pool.connect();
  let committed = false;
  try {
    await db.query(begin);
    const result = await withConnection(() => work(db));
    const { command } = await db.query('commit');
    // Postgres answers the commit of a failed transaction with a rollback, and without an error.
    if (command !== 'COMMIT') throw new Error('The transaction had failed before its commit and was rolled back.');
    committed = true;
    return result;
  } finally {
    db.release(!committed);
  }
};

/**
 * Runs work that only reads in one transaction, like `transaction`, but returns its result without waiting for the end of
 * the transaction. So a transaction that fails after `work` still returns what `work` returned. The connection stays
 * busy for the time of one more message.
 */
export const readTransaction = async <T>(
  pool: Pool,
  begin: string,
  work: (db: PoolClient) => Promise<T>,
): Promise<T> => {
  refuseWithConnection('take a second connection');
  const db = await pool.connect();
  try {
    await db.query(begin);
    const result = await withConnection(() => work(db));
    db.query('commit').then(
      ({ command }) => db.release(command !== 'COMMIT'),
      () => db.release(true),
    );
    return result;
  } catch (error) {
    db.release(true);
    throw error;
  }
};
