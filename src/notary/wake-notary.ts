import type { Pool } from 'pg';

/**
 * Asks the notaries to sign a log soon, also when it did not grow. A pass that has begun does not end the demand. As
 * ledger_worker.
 */
export const wakeNotary = async (pool: Pool, organizationId: string): Promise<void> => {
  await pool.query(
    `insert into ops.log_demands (issuer_org_id) values ($1)
      on conflict (issuer_org_id) do update set demanded_at = excluded.demanded_at`,
    [organizationId],
  );
};
