import path from 'node:path';
import pg from 'pg';
import { readSqlFiles } from '../../postgres/sql-files.ts';
import { migratedFolders } from '../../projections/prepare-database.ts';
import { RefusedByPolicy } from '../exit-codes.ts';
import { copiedTables, writtenAfterEvents } from './backup-tables.ts';
import { columnsOf, copyIn, type OnBytes, prepareCopying, quoted } from './copy-table.ts';
import { giveToHolders } from './give-to-holders.ts';
import { fileOfTable, type Manifest } from './manifest.ts';
import type { Backup } from './read-backup.ts';

type Target = {
  /** The login of DATABASE_URL. */
  readonly databaseUrl: string;
  /** The id of the log that the event store has. */
  readonly logId: string | null;
  /** False when the log is older than the backup: its answers may promise events that are lost. */
  readonly withAnswers: boolean;
  readonly onBytes: OnBytes;
};

/**
 * Restores the rows of a backup into an empty database that `prepareDatabase` has migrated to the release of the backup, in
 * one transaction. Does nothing when the database already has them. Throws RefusedByPolicy when it has other rows, or when
 * another restore runs.
 */
export const restorePostgres = async ({ directory, manifest, digest }: Backup, target: Target): Promise<void> => {
  const db = await connectOwner(target.databaseUrl);
  try {
    await prepareCopying(db);
    await db.query('begin');
    await lockRestore(db);
    await db.query('set local role ledger_owner');
    if ((await lastRestore(db)) === manifest.backupId) return void (await db.query('commit'));
    // The owner is bound by row-level security, too, except while it is not forced. Others wait until the commit.
    const secured = await securedTables(db);
    for (const table of secured) await db.query(`alter table ${quoted(table)} no force row level security`);
    await requireEmpty(db);
    const columns = await columnsOf(db, copiedTables);
    for (const { table, columns: written, rows } of manifest.parts) {
      if (!copiedTables.includes(table)) continue;
      if (!target.withAnswers && writtenAfterEvents.some((after) => after === table)) continue;
      const unknown = written.filter((column) => !columns.get(table)?.includes(column));
      if (unknown.length > 0) throw new RefusedByPolicy(`${table} of this release lacks ${unknown.join(', ')}.`);
      // The rows of other tables that triggers write are in the backup, too.
      await db.query(`alter table ${quoted(table)} disable trigger user`);
      const file = path.join(directory, fileOfTable(table));
      const copied = await copyIn(db, { table, columns: written }, { file, onBytes: target.onBytes });
      if (copied !== rows) throw new Error(`${table} got ${copied} rows, and the backup has ${rows}.`);
      await db.query(`alter table ${quoted(table)} enable trigger user`);
    }
    for (const table of secured) await db.query(`alter table ${quoted(table)} force row level security`);
    await db.query('truncate identity.access_changes');
    await db.query(
      'insert into ops.served_log (log_id) values ($1) on conflict (is_only) do update set log_id = excluded.log_id',
      [target.logId],
    );
    await db.query('insert into ops.last_restore (backup_id, digest) values ($1, $2)', [manifest.backupId, digest]);
    await db.query('commit');
  } finally {
    await db.end();
  }
};

/**
 * Throws RefusedByPolicy when `restorePostgres` would refuse a database with our schema, and changes nothing. So a database
 * with rows is noticed before it is migrated, and before the log is restored.
 */
export const requireRestorable = async (databaseUrl: string, manifest: Manifest): Promise<void> => {
  const db = await connectOwner(databaseUrl);
  try {
    await prepareCopying(db);
    await db.query('begin');
    await lockRestore(db);
    await db.query('set local role ledger_owner');
    if ((await lastRestore(db)) === manifest.backupId) return;
    await requireNoLaterMigration(db, manifest);
    for (const table of await securedTables(db))
      await db.query(`alter table ${quoted(table)} no force row level security`);
    await requireEmpty(db);
  } finally {
    // The end of the connection rolls back.
    await db.end();
  }
};

/** Later migrations would not bring the rows up to date. They ran on the empty tables. */
const requireNoLaterMigration = async (db: pg.Client, { migrations, version }: Manifest): Promise<void> => {
  const { rows } = await db.query<{ file: string }>('select file from ops.migrations order by file');
  const isOurs = (file: string) => migratedFolders.some((folder) => file.startsWith(`${folder}/`));
  const later = rows.find(({ file }) => isOurs(file) && !migrations.some((had) => had.file === file));
  if (later !== undefined)
    throw new RefusedByPolicy(
      `The database is of a later release than the backup, which is of ${version}: it has had db/${later.file}. Nothing was changed. Restore into a new database, which the restore migrates in the right order.`,
    );
};

/** Gives the values of the vault to the holders that the read models have. */
export const giveRestored = async (databaseUrl: string): Promise<void> => {
  const db = await connectOwner(databaseUrl);
  try {
    await prepareCopying(db);
    await giveToHolders(db);
  } finally {
    // The end of the connection rolls back.
    await db.end();
  }
};

/** Notes that the read models were built and everything is open. */
export const noteRestoreFinished = async (databaseUrl: string): Promise<void> => {
  const db = await connectOwner(databaseUrl);
  try {
    await db.query('set role ledger_owner');
    await db.query('update ops.last_restore set finished_at = clock_timestamp() where finished_at is null');
  } finally {
    await db.end();
  }
};

/** Returns true when a restore of this backup into the database has ended. False also for a database without our tables. */
export const isRestoreFinished = async (databaseUrl: string, { backupId }: Manifest): Promise<boolean> => {
  const db = await connectOwner(databaseUrl);
  try {
    const { rows: tables } = await db.query(
      `select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'ops' and c.relname = 'last_restore'`,
    );
    if (tables.length === 0) return false;
    await db.query('set role ledger_owner');
    const { rows } = await db.query('select from ops.last_restore where backup_id = $1 and finished_at is not null', [
      backupId,
    ]);
    return rows.length === 1;
  } finally {
    await db.end();
  }
};

/** Returns which migrations bring a database to the release of a backup. Throws RefusedByPolicy for a newer or edited one. */
export const migrationsOf = ({ migrations, version }: Manifest, directory: string): ((file: string) => boolean) => {
  const ours = new Map(readSqlFiles(directory, migratedFolders).map(({ file, sha256 }) => [file, sha256]));
  for (const { file, sha256 } of migrations) {
    if (!ours.has(file))
      throw new RefusedByPolicy(
        `The backup is of a newer release, ${version}: it has had db/${file}, which this release does not know. Restore it with that release.`,
      );
    if (ours.get(file) !== sha256)
      throw new RefusedByPolicy(
        `db/${file} was another one in release ${version}, which made the backup. Restore it with that release.`,
      );
  }
  const files = new Set(migrations.map(({ file }) => file));
  return (file) => files.has(file);
};

const connectOwner = async (url: string): Promise<pg.Client> => {
  const db = new pg.Client({
    connectionString: url,
    application_name: 'ledger-restore',
    connectionTimeoutMillis: 5_000,
  });
  // A connection that breaks fails the statement that waits for it.
  db.on('error', () => {});
  await db.connect();
  return db;
};

// An arbitrary number. The end of the transaction releases it.
const restoreLock = 7_203_114_563;

const lockRestore = async (db: pg.Client): Promise<void> => {
  const { rows } = await db.query<{ taken: boolean }>('select pg_try_advisory_xact_lock($1) as taken', [restoreLock]);
  if (rows[0]?.taken !== true) throw new RefusedByPolicy('Another restore into this database runs. Wait for its end.');
};

const lastRestore = async (db: pg.Client): Promise<string | null> => {
  if ((await existing(db, ['ops.last_restore'])).length === 0) return null;
  const { rows } = await db.query<{ backup_id: string }>('select backup_id from ops.last_restore');
  return rows[0]?.backup_id ?? null;
};

const securedTables = async (db: pg.Client): Promise<readonly string[]> => {
  const { rows } = await db.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname || '.' || c.relname = any($1) and c.relforcerowsecurity order by 1`,
    [copiedTables],
  );
  return rows.map(({ name }) => name);
};

/** Returns the tables that exist. A database of an earlier release lacks some. */
const existing = async (db: pg.Client, tables: readonly string[]): Promise<readonly string[]> => {
  const { rows } = await db.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname || '.' || c.relname = any($1) order by 1`,
    [tables],
  );
  return rows.map(({ name }) => name);
};

const requireEmpty = async (db: pg.Client): Promise<void> => {
  const full: string[] = [];
  for (const table of await existing(db, copiedTables))
    if ((await db.query(`select from ${quoted(table)} limit 1`)).rows.length > 0) full.push(table);
  const isServed =
    (await existing(db, ['ops.served_log'])).length > 0 &&
    (await db.query('select from ops.served_log')).rows.length > 0;
  if (full.length === 0 && !isServed) return;
  const what = full.length === 0 ? 'was served to clients before' : `has rows in ${full.slice(0, 3).join(', ')}`;
  throw new RefusedByPolicy(
    `The database is not empty: it ${what}. Nothing was changed. Restore into a new LEDGER_DATA_DIR, or create a new database and name it in DATABASE_URL.`,
  );
};
