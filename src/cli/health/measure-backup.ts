import type { Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { readLastBackup } from '../../records/last-backup.ts';

/**
 * Adds to the metrics when the last backup ended. Every process shows the same, because it is in Postgres. Without a backup,
 * the value is 0. When Postgres does not answer, the last value stays.
 */
export const measureBackup = (registry: Registry, pool: Pool): void => {
  new Gauge({
    name: 'ledger_last_backup_timestamp_seconds',
    help: 'When the last ledger backup ended, in seconds since 1970. 0: there is none.',
    registers: [registry],
    async collect() {
      const last = await readLastBackup(pool).catch(() => undefined);
      if (last !== undefined) this.set(last === null ? 0 : last.finishedAt.getTime() / 1_000);
    },
  });
};
