import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { aggregateId } from '../../eventstore/uuids.ts';
import { becomeOwner } from '../../postgres/sql-files.ts';

/** The stored attempt of `ledger init`, while no other process can work on it. */
export type InitRecord = {
  /** The id of the command. An attempt that continues an interrupted one has the same id. */
  readonly commandId: string;
  /** When the first organization was created, or null. */
  readonly doneAt: Date | null;
  /** Records that the organization was created and its secrets were printed. */
  readonly finish: () => Promise<void>;
  /** Lets the next process work on it. */
  readonly close: () => Promise<void>;
};

/**
 * Opens the record of `ledger init`. Waits while another process has it open, and calls `onWait` before. Postgres closes
 * it for a process that dies. The database must be migrated.
 */
export const openInitRecord = async (databaseUrl: string, onWait: () => void): Promise<InitRecord> => {
  const db = new pg.Client({ connectionString: databaseUrl, application_name: 'ledger-init' });
  // A connection that breaks between two statements fails the next one, and not the process.
  db.on('error', () => undefined);
  await db.connect();
  try {
    const { rows } = await db.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [initLock]);
    if (rows[0]?.taken !== true) {
      onWait();
      await db.query('select pg_advisory_lock($1)', [initLock]);
    }
    const stored = await readOrBegin(db);
    return { ...stored, finish: () => finish(db), close: () => db.end() };
  } catch (error) {
    await db.end();
    throw error;
  }
};

const initLock = 7_203_114_561;

const readOrBegin = (db: pg.Client): Promise<{ readonly commandId: string; readonly doneAt: Date | null }> =>
  asOwner(db, async () => {
    // Retries of a command are recognized by ids of version 5.
    const fresh = aggregateId(randomUUID(), 'ledger init');
    await db.query('insert into ops.first_organization (command_id) values ($1) on conflict do nothing', [fresh]);
    const { rows } = await db.query<{ command_id: string; done_at: Date | null }>(
      'select command_id, done_at from ops.first_organization',
    );
    const [row] = rows;
    if (row === undefined) throw new Error('The record of ledger init is missing. Run ledger init again.');
    return { commandId: row.command_id, doneAt: row.done_at };
  });

const finish = (db: pg.Client): Promise<void> =>
  asOwner(db, async () => {
    await db.query('update ops.first_organization set done_at = now() where done_at is null');
  });

const asOwner = async <Result>(db: pg.Client, work: () => Promise<Result>): Promise<Result> => {
  await db.query('begin');
  await becomeOwner(db);
  const result = await work();
  await db.query('commit');
  return result;
};
