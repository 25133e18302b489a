import { randomUUID } from 'node:crypto';
import path from 'node:path';
import pg from 'pg';
import { readLogState } from '../../eventstore/copy/log-state.ts';
import type { EventStore } from '../../eventstore/event-store.ts';
import { backupLock, readApplied } from '../../postgres/migrate.ts';
import { clientConfig } from '../../postgres/pool.ts';
import { formerFolders } from '../../projections/prepare-database.ts';
import { version } from '../../version.ts';
import { NothingToCheck, RefusedByPolicy } from '../exit-codes.ts';
import { servedLog } from '../server/require-open-log.ts';
import { beginBackup } from './backup-directory.ts';
import { copiedTables, logTables, writtenAfterEvents, writtenBeforeEvents } from './backup-tables.ts';
import { type CopiedTable, columnsOf, copyOut, diskFull, isFull, prepareCopying } from './copy-table.ts';
import { connectLogDatabase } from './log-database.ts';
import { endsOfStore, endsOfTables, hasEvent, type LogEnds } from './log-ends.ts';
import { type BackupPart, backupFormat, fileOfTable, type Manifest } from './manifest.ts';

/** What to back up, and where to. */
export type BackupSource = {
  /** The login of DATABASE_URL. */
  readonly databaseUrl: string;
  readonly eventStoreUrl: string;
  readonly store: Pick<EventStore, 'read' | 'readBackwards'>;
  /** The database of our own event store. Null: the log is not copied, because the event store is another server. */
  readonly logUrl: string | null;
  /** The directory that gets the directory of the backup. */
  readonly to: string;
  readonly signal: AbortSignal;
  readonly onProgress: (table: string, bytes: number) => void;
  /** Called between the steps. Tests write there. */
  readonly onStep?: (step: 'LOG_ENDS_READ' | 'POSTGRES_COPIED') => Promise<void>;
};

/** A complete backup and its directory. */
export type TakenBackup = { readonly directory: string; readonly manifest: Manifest };

/**
 * Copies the log, the logins, the personal values and the bookkeeping while everything runs. Answers to requests are copied
 * before the end of the log is read, and the rest after it. So every answer has its event, and every event has the rows that
 * it refers to. Migrations wait for its end. Removes what it wrote when it fails. Throws NothingToCheck for a log without
 * events, and RefusedByPolicy when the log does not belong to the database, or when it moved meanwhile, or the database is
 * migrated.
 */
export const takeBackup = async (source: BackupSource): Promise<TakenBackup> => {
  const startedAt = new Date();
  const logId = await servedLog(source.store);
  const migrations = await readMigrations(source.databaseUrl);
  const target = await beginBackup(source.to, startedAt);
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const db = await connect(source.databaseUrl);
    closing.push(() => db.end());
    await holdMigrations(db);
    await requirePolicies(db);
    const copying = { directory: target.directory, source };
    const answers = await inSnapshot(db, () => copyTables(db, writtenAfterEvents, copying));
    const log = await openLog(source);
    closing.push(log.close);
    await source.onStep?.('LOG_ENDS_READ');
    const { parts: rest, secrets } = await inSnapshot(db, async () => ({
      parts: await copyTables(db, writtenBeforeEvents, copying),
      secrets: await secretsOf(db),
    }));
    await source.onStep?.('POSTGRES_COPIED');
    const events = log.db === null ? [] : await copyTables(log.db, logTables, copying);
    await requireUnchanged(source, { logId, migrations });
    const manifest: Manifest = {
      ...{ format: backupFormat, backupId: randomUUID(), version },
      ...{ startedAt: startedAt.toISOString(), finishedAt: new Date().toISOString() },
      log: { id: logId, ...log.ends, included: log.db !== null, schema: log.schema },
      ...{ migrations, secrets, parts: [...answers, ...rest, ...events] },
    };
    source.signal.throwIfAborted();
    const directory = await target.finish(manifest).catch((error: unknown) => {
      throw isFull(error) ? diskFull(target.directory, error) : error;
    });
    return { directory, manifest };
  } finally {
    for (const close of closing) await close().catch(() => undefined);
    await target.remove();
  }
};

/** Returns the sum of the rows and bytes of all parts. */
export const sizeOf = ({ parts }: Manifest): { readonly rows: number; readonly bytes: number } =>
  parts.reduce((sum, { rows, bytes }) => ({ rows: sum.rows + rows, bytes: sum.bytes + bytes }), { rows: 0, bytes: 0 });

const connect = async (url: string): Promise<pg.Client> => {
  const db = new pg.Client(
    clientConfig({ url, role: 'ledger_backup', applicationName: 'ledger-backup', answerTimeoutMs: 0 }),
  );
  db.on('error', () => {});
  await db.connect();
  await prepareCopying(db);
  return db;
};

/** Lets migrations wait until the connection ends, so that they do not wait for a table and everybody else behind them. */
const holdMigrations = async (db: pg.Client): Promise<void> => {
  const { rows } = await db.query<{ taken: boolean }>('select pg_try_advisory_lock_shared($1) as taken', [backupLock]);
  if (rows[0]?.taken !== true)
    throw new RefusedByPolicy('A release migrates the database, or waits to do so. Repeat the command when it serves.');
};

/** Throws when row-level security would hide rows. Postgres copies the visible ones without an error. */
const requirePolicies = async (db: pg.Client): Promise<void> => {
  const { rows } = await db.query<{ name: string }>(
    `select expected as name from unnest($1::text[]) expected
     where not exists (select from pg_class c where c.oid = to_regclass(expected) and (not c.relrowsecurity
       or exists (select from pg_policy p where p.polrelid = c.oid and p.polcmd = 'r' and p.polpermissive
         and pg_get_expr(p.polqual, p.polrelid) = 'true' and 'ledger_backup'::regrole = any(p.polroles)))
       and not exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive
         and p.polroles && array['ledger_backup'::regrole::oid, 0::oid]))`,
    [copiedTables],
  );
  if (rows.length > 0)
    throw new Error(
      `Row-level security hides rows of ${rows.map(({ name }) => name).join(', ')} from ledger_backup. Somebody changed what the migrations made: ledger doctor.`,
    );
};

const inSnapshot = async <Result>(db: pg.Client, work: () => Promise<Result>): Promise<Result> => {
  await db.query('begin isolation level repeatable read read only');
  const result = await work();
  await db.query('commit');
  return result;
};

type Copying = { readonly directory: string; readonly source: Pick<BackupSource, 'signal' | 'onProgress'> };

const copyTables = async (
  db: pg.Client,
  tables: readonly string[],
  { directory, source: { signal, onProgress } }: Copying,
): Promise<readonly BackupPart[]> => {
  const columns = await columnsOf(db, tables);
  const parts: BackupPart[] = [];
  for (const table of tables) {
    signal.throwIfAborted();
    const copied: CopiedTable = { table, columns: columns.get(table) ?? [] };
    if (copied.columns.length === 0) throw new Error(`The table ${table} is missing.`);
    const onBytes = (bytes: number) => onProgress(table, bytes);
    const written = await copyOut(db, copied, { file: path.join(directory, fileOfTable(table)), signal, onBytes });
    parts.push({ table, columns: [...copied.columns], ...written });
  }
  return parts;
};

/** The end of the log, and a transaction that sees exactly the events up to it. `db` is null when the log is not copied. */
type OpenLog = {
  readonly ends: NonNullable<LogEnds>;
  readonly db: pg.Client | null;
  readonly schema: Manifest['log']['schema'];
  readonly close: () => Promise<unknown>;
};

const openLog = async ({ logUrl, store, eventStoreUrl }: BackupSource): Promise<OpenLog> => {
  if (logUrl === null)
    return { ends: required(await endsOfStore(eventStoreUrl)), db: null, schema: [], close: async () => {} };
  const db = await connectLogDatabase(logUrl);
  try {
    await prepareCopying(db);
    // The first statement takes the snapshot.
    await db.query('begin isolation level repeatable read read only');
    const ends = required(await endsOfTables(db));
    if (!(await hasEvent(store, ends.last)))
      throw new RefusedByPolicy(
        'LEDGER_EVENTSTORE_DATABASE_URL is not the database of the event store at EVENTSTORE_URL. Correct one of them.',
      );
    const { rows: schema } = await db.query<{ file: string; sha256: string }>(
      'select name as file, sha256 from eventstore.schema_files order by name',
    );
    return { ends, db, schema, close: () => db.end() };
  } catch (error) {
    await db.end().catch(() => undefined);
    throw error;
  }
};

const required = (ends: LogEnds): NonNullable<LogEnds> => {
  if (ends === null)
    throw new NothingToCheck('The event store has no event of License Ledger, so there is nothing to back up.');
  return ends;
};

const secretsOf = async (db: pg.Client): Promise<Manifest['secrets']> => {
  const { rows } = await db.query<{ id: string; check: Buffer }>(
    `select secret_id as id, check_value as check from ops.secrets
     where first_signed_at is not null and retired_at is null order by first_signed_at, secret_id`,
  );
  return rows.map(({ id, check }) => ({ id, check: check.toString('base64') }));
};

const readMigrations = async (url: string): Promise<Manifest['migrations']> => {
  const db = new pg.Client({
    connectionString: url,
    application_name: 'ledger-backup',
    connectionTimeoutMillis: 5_000,
  });
  db.on('error', () => {});
  await db.connect();
  try {
    return [...(await readApplied(db, formerFolders))].map(([file, sha256]) => ({ file, sha256 }));
  } finally {
    await db.end();
  }
};

type Before = { readonly logId: string | null; readonly migrations: Manifest['migrations'] };

const requireUnchanged = async ({ store, databaseUrl }: BackupSource, before: Before): Promise<void> => {
  const state = await readLogState(store);
  if (state.kind !== 'OPEN' || state.id !== before.logId)
    throw new RefusedByPolicy('The log has moved while it was backed up. Repeat the command.');
  if ((await readMigrations(databaseUrl)).length !== before.migrations.length)
    throw new RefusedByPolicy('Another release has migrated the database meanwhile. Repeat the command.');
};
