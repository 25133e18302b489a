import type pg from 'pg';
import { errorText } from '../../embedded/errors.ts';
import { readLastBackup } from '../../records/last-backup.ts';
import { lostSentences, readLostRecords } from '../backup/lost-records.ts';
import type { OpenServers } from '../server/open-servers.ts';
import { asRole, hasTable } from '../status/reading-connection.ts';
import { type Finding, note, ok, todo, unknown } from './finding.ts';

const ageSecondsMax = 7 * 86_400;

/** Returns what a doctor says of the last backup. `finishedAt` null: none was made. `now`: the clock of this machine. */
export const checkLastBackup = (finishedAt: Date | null, now: Date): Finding => {
  const make = 'Make one every day: ledger backup --to <directory>. Ignore this when you back up by other means.';
  if (finishedAt === null) return note('backup', 'ledger backup has made none of this database.', make);
  const seconds = Math.max(0, Math.round((now.getTime() - finishedAt.getTime()) / 1_000));
  const detail = `The last one ended at ${finishedAt.toISOString()}.`;
  return seconds > ageSecondsMax
    ? todo('backup', `${detail} That is ${Math.floor(seconds / 86_400)} days ago.`, make)
    : ok('backup', detail);
};

/** Checks the age of the last backup, and whether Postgres has what the log refers to. Changes nothing. Does not throw. */
export const backupFindings = async (
  db: pg.Client,
  servers: Pick<OpenServers, 'databaseUrl' | 'projectorUrl'>,
): Promise<readonly Finding[]> => {
  try {
    if (!(await hasTable(db, 'ops.last_backup'))) return [unknown('backup', 'Not checked: migrations are pending.')];
    const last = await asRole(db, 'ledger_projector', () => readLastBackup(db));
    const lost = lostSentences(await readLostRecords(servers, { withValues: false }));
    return [
      checkLastBackup(last?.finishedAt ?? null, new Date()),
      ...(lost.length === 0
        ? [ok('records', 'Every API key and member of the log is in Postgres.')]
        : lost.map((sentence) => todo('records', 'Postgres is older than the log.', sentence))),
    ];
  } catch (error) {
    return [unknown('backup', `Not checked: ${errorText(error)}.`)];
  }
};
