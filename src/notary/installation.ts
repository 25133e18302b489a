import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';

/**
 * Returns the name of the installation in new logs: the configured one, or a random one that the first notary stores. A
 * log that exists keeps the name in its stream. As ledger_worker.
 */
export const installationName = async (pool: Pool, configured: string | null): Promise<string> => {
  if (configured !== null) return configured;
  const name = `license-ledger-${randomBytes(10).toString('hex')}`;
  await pool.query('insert into ops.log_installation (name) values ($1) on conflict do nothing', [name]);
  const { rows } = await pool.query<{ name: string }>('select name from ops.log_installation');
  return rows[0]?.name ?? name;
};
