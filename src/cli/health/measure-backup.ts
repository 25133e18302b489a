import type { Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { type LastBackup, readLastBackup } from '../../records/last-backup.ts';
import { within } from './sample-services.ts';

/**
 * Adds to the metrics when the last backup ended and whether it has the log. Every process shows the same, because it is in
 * Postgres. Without a backup the time is 0. A scrape waits for Postgres for at most `patienceMs`, and shows the last answer
 * then. Before the first answer there is no value.
 */
export const measureBackup = (registry: Registry, pool: Pool, patienceMs: number): void => {
  let last: LastBackup | null | undefined;
  let reading: Promise<void> | null = null;
  const read = async () => {
    reading ??= readLastBackup(pool)
      .then(
        (backup) => {
          last = backup;
        },
        () => undefined,
      )
      .finally(() => {
        reading = null;
      });
    await within(reading, patienceMs);
    return last;
  };
  new Gauge({
    name: 'ledger_last_backup_timestamp_seconds',
    help: 'When the last ledger backup ended, in seconds since 1970. 0: there is none.',
    registers: [registry],
    async collect() {
      const backup = await read();
      // A new gauge has the value 0.
      if (backup === undefined) this.remove();
      else this.set(backup === null ? 0 : backup.finishedAt.getTime() / 1_000);
    },
  });
  new Gauge({
    name: 'ledger_last_backup_has_log',
    help: '1 when the log is in the last ledger backup, 0 when the event store was another server. Absent without a backup.',
    registers: [registry],
    async collect() {
      const backup = await read();
      if (backup === undefined || backup === null) this.remove();
      else this.set(backup.hasLog ? 1 : 0);
    },
  });
};
