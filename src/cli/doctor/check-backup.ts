import type pg from 'pg';
import { errorText } from '../../embedded/errors.ts';
import { type LastBackup, readLastBackup } from '../../records/last-backup.ts';
import { lostSentences, readLostRecords } from '../backup/lost-records.ts';
import type { OpenServers } from '../server/open-servers.ts';
import { asRole, hasTable } from '../status/reading-connection.ts';
import { type Finding, note, ok, todo, unknown } from './finding.ts';

const ageSecondsMax = 7 * 86_400;

/** Returns what a doctor says of the last backup. Null: none was made. `now`: the clock of this machine. */
export const checkLastBackup = (last: Pick<LastBackup, 'finishedAt' | 'hasLog'> | null, now: Date): Finding => {
  const make = 'Make one every day: ledger backup --to <directory>. Ignore this when you back up by other means.';
  if (last === null) return note('backup', 'ledger backup has made none of this database.', make);
  const seconds = Math.max(0, Math.round((now.getTime() - last.finishedAt.getTime()) / 1_000));
  const detail = `The last one ended at ${last.finishedAt.toISOString()}.`;
  if (seconds > ageSecondsMax)
    return todo('backup', `${detail} That is ${Math.floor(seconds / 86_400)} days ago.`, make);
  // Nothing here tells whether another server was backed up, so nobody could clear a todo.
  return last.hasLog
    ? ok('backup', detail)
    : note(
        'backup',
        `${detail} The log is not in it.`,
        'It is whole only with a later backup of the event store: ledger copy, or its own means. For ledger eventstore set LEDGER_EVENTSTORE_DATABASE_URL.',
      );
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
      checkLastBackup(last, new Date()),
      ...(lost.length === 0
        ? [ok('records', 'Every API key and member of the log is in Postgres.')]
        : lost.map((sentence) => todo('records', 'Postgres is older than the log.', sentence))),
    ];
  } catch (error) {
    return [unknown('backup', `Not checked: ${errorText(error)}.`)];
  }
};
