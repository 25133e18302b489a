import pg, { type Pool, type PoolClient } from 'pg';
import { transaction } from './transaction.ts';

/** A write that is tried until it took effect. `transactionId`: that of the last try; null: there was none. */
export type RepeatedWrite = { transactionId: string | null };

/**
 * Runs `work` in one transaction, unless the last try of the same write took effect. So a write with a lost answer can
 * be repeated, and counts once. Throws when the write did not take effect, or when that is not known yet: try again
 * later. `write` belongs to one process, so a write that it never repeats may be lost.
 */
export const writeOnce = async (
  pool: Pool,
  write: RepeatedWrite,
  work: (db: PoolClient) => Promise<unknown>,
): Promise<void> => {
  if (write.transactionId !== null && (await tookEffect(pool, write.transactionId))) return;
  write.transactionId = null;
  await transaction(pool, 'begin', async (db) => {
    const { rows } = await db.query<[string]>({
      name: 'transaction-id',
      text: 'select pg_current_xact_id()::text',
      values: [],
      rowMode: 'array',
    });
    write.transactionId = rows[0]?.[0] ?? null;
    await work(db);
  });
};

/** Returns whether a transaction was committed. Throws while it is in progress. */
const tookEffect = async (pool: Pool, transactionId: string): Promise<boolean> => {
  const status = await statusOf(pool, transactionId);
  if (status === 'in progress') throw new Error('The last try of this write has not ended yet.');
  // Null: so old that the server has forgotten it. Counting once less is better than counting twice.
  return status !== 'aborted';
};

const statusOf = async (pool: Pool, transactionId: string): Promise<string | null> => {
  try {
    const { rows } = await pool.query<[string | null]>({
      name: 'transaction-status',
      text: 'select pg_xact_status($1::xid8)',
      values: [transactionId],
      rowMode: 'array',
    });
    return rows[0]?.[0] ?? null;
  } catch (error) {
    // After a restore from a backup the server may not have reached the transaction, which is then undone.
    if (error instanceof pg.DatabaseError && error.code === invalidParameter) return 'aborted';
    throw error;
  }
};

const invalidParameter = '22023';
