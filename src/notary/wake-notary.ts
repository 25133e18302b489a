import type { Pool } from 'pg';

/** Asks the notaries to sign a log soon, also when it did not grow. As ledger_worker. */
export const wakeNotary = async (pool: Pool, organizationId: string): Promise<void> => {
  await pool.query('insert into ops.log_demands (issuer_org_id) values ($1) on conflict do nothing', [organizationId]);
};
