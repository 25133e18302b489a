import type { Pool } from 'pg';
import { purgeSnapshots } from '../records/stream-snapshots.ts';

const batchMax = 5_000;

/** What is removed once it is old enough; how old, the policies of ledger_worker say, which show it nothing younger. */
const purged = [
  // Answers that were kept for Idempotency-Keys: 24 hours.
  { table: 'ops.idempotency', age: 'created_at' },
  // A day after the end of what they were.
  { table: 'identity.sessions', age: 'expires_at' },
  { table: 'identity.refresh_tokens', age: 'expires_at' },
  // Signups that were abandoned a day ago.
  { table: 'identity.users', age: 'created_at' },
] as const;

/**
 * Removes what is kept for a time only, in batches that hold no locks for long: answers to Idempotency-Keys, sessions and
 * refresh tokens that are over, abandoned signups, snapshots of earlier releases. `pool` is of ledger_worker. Returns
 * how many rows went.
 */
export const purge = async (pool: Pool, signal?: AbortSignal): Promise<number> => {
  let removed = 0;
  for (const { table, age } of purged) {
    if (signal?.aborted) return removed;
    let batch: number;
    do {
      const { rowCount } = await pool.query({
        name: `purge-${table}`,
        text: `delete from ${table} where ${age} <= (
          select max(${age}) from (select ${age} from ${table} order by ${age} limit $1) oldest)`,
        values: [batchMax],
      });
      batch = rowCount ?? 0;
      removed += batch;
    } while (batch > 0 && signal?.aborted !== true);
  }
  return removed + (await purgeSnapshots(pool, signal));
};
