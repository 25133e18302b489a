import type { Pool } from 'pg';

const batchMax = 5_000;

/**
 * Removes answers that were kept for Idempotency-Keys longer than 24 hours ago, in batches that hold no locks for long.
 * `pool` is of ledger_worker, whom row-level security shows no younger ones. Returns how many went.
 */
export const purgeIdempotency = async (pool: Pool): Promise<number> => {
  let removed = 0;
  for (;;) {
    const { rowCount } = await pool.query({
      name: 'purge-idempotency',
      // The policy of ledger_worker shows rows older than 24 hours only.
      text: `delete from ops.idempotency where created_at <= (
        select max(created_at) from (select created_at from ops.idempotency order by created_at limit $1) oldest)`,
      values: [batchMax],
    });
    if (!rowCount) return removed;
    removed += rowCount;
  }
};
