import type { Pool } from 'pg';
import { purgeMails } from '../records/mails.ts';
import { purgeSnapshots } from '../records/stream-snapshots.ts';

const batchMax = 5_000;

/** The tables to purge. The row-level policies of ledger_worker set the age, because they hide younger rows. */
const purged = [
  // Answers for Idempotency-Keys, after 24 hours.
  { table: 'ops.idempotency', age: 'created_at' },
  // Sessions, tokens and devices, a day after their end.
  { table: 'identity.sessions', age: 'expires_at' },
  { table: 'identity.refresh_tokens', age: 'expires_at' },
  // Turns of processes that died, after a day.
  { table: 'ops.turns', age: 'until' },
  { table: 'identity.login_devices', age: 'expires_at' },
  { table: 'identity.password_resets', age: 'expires_at' },
  // Ids of usage, after 36 days.
  { table: 'rm.usage_ids', age: 'recorded_at' },
  // Denials of licenses, after 400 days.
  { table: 'ops.license_denials', age: 'denied_at' },
  // Abandoned signups, after a day.
  { table: 'identity.users', age: 'created_at' },
] as const;

/**
 * Removes old answers for Idempotency-Keys, ended sessions, tokens, devices and password resets, abandoned signups, old
 * denials, finished mails, and snapshots of earlier releases, in batches with short locks. `pool` has the role
 * ledger_worker. Returns the number of removed rows.
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
  return removed + (await purgeMails(pool)) + (await purgeSnapshots(pool, signal));
};
