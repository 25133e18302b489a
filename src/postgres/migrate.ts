import pg from 'pg';
import type { LogLine } from './log.ts';
import { becomeOwner, readSqlFiles, runSqlFile, type SqlFile } from './sql-files.ts';

type Options = {
  /** A login that is a superuser, or one that may create roles and schemas. */
  readonly url: string;
  readonly log: LogLine;
  readonly directory: string;
  /** The folders of `directory` in the order of their migration. The first one creates the table of migrations. */
  readonly folders: readonly string[];
  /** Folders that earlier releases migrated, and this one no longer does. */
  readonly formerFolders?: readonly string[];
  /** Applies only the files that it accepts, by `folder/file`. A restore applies those of the backup. Default: all. */
  readonly only?: (file: string) => boolean;
  /** Runs after the migrations, before another process may migrate. */
  readonly finish: (db: pg.Client) => Promise<void>;
};

/**
 * Brings the database to this version. Runs every SQL file that is not applied yet, in order, each in its own
 * transaction. Any number of processes may call this at once: one does the work, and the others wait. With work to do it
 * waits for a backup that runs, and says so. Throws, before changing anything, when an applied file was edited since or
 * belongs to a newer version.
 */
export const migrate = async ({
  url,
  log,
  directory,
  folders,
  formerFolders = [],
  only = () => true,
  finish,
}: Options): Promise<void> => {
  const files = readSqlFiles(directory, folders);
  const db = new pg.Client({ connectionString: url, application_name: 'ledger-migrate' });
  // The query fails and says more. Without a listener the event would end the process.
  db.on('error', () => undefined);
  await db.connect();
  try {
    const pendingOf = (applied: ReadonlyMap<string, string>) =>
      files.filter(({ file }) => !applied.has(file) && only(file));
    // A start without migrations waits for no backup.
    if (pendingOf(await readApplied(db, formerFolders)).length > 0) await waitForBackups(db, log);
    await db.query('select pg_advisory_lock($1)', [migrationLock]);
    const applied = await readApplied(db, formerFolders);
    checkApplied(files, applied);
    const pending = pendingOf(applied);
    // The last file of the first folder creates the table of migrations. On a new database that folder is one step.
    const isFirst = ({ file }: SqlFile) => file.startsWith(`${folders[0]}/`);
    const first = applied.size === 0 ? pending.filter(isFirst) : [];
    const steps = [first, ...pending.filter((file) => !first.includes(file)).map((file) => [file])];
    for (const step of steps.filter(({ length }) => length > 0)) await applyStep(db, step, isFirst);
    // ops.migrations has their names. A first start has about fifty.
    if (pending.length > 0) log({ files: pending.length, last: pending.at(-1)?.file }, 'The database was migrated.');
    await finish(db);
  } finally {
    await db.end();
  }
};

/**
 * Waits until no backup runs. A backup reads for hours, and a migration that waited for its tables would make all others wait
 * for them, too. Later backups are refused until the connection ends.
 */
const waitForBackups = async (db: pg.Client, log: LogLine): Promise<void> => {
  const { rows } = await db.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [backupLock]);
  if (rows[0]?.taken === true) return;
  log({}, 'The migration waits for a backup or another migration to end. The release before can serve meanwhile.');
  await db.query('select pg_advisory_lock($1)', [backupLock]);
};

/** The files of this program, compared with those that a database has had. Names are `folder/file`. */
export type MigrationState = {
  readonly applied: number;
  readonly pending: readonly string[];
  /** Applied by a newer version. */
  readonly unknown: readonly string[];
  /** Applied, and edited since. */
  readonly edited: readonly string[];
};

/** Compares the files with a database and changes nothing. As a login that is a member of ledger_owner. */
export const readMigrations = async (
  db: pg.Client,
  { directory, folders, formerFolders = [] }: Pick<Options, 'directory' | 'folders' | 'formerFolders'>,
): Promise<MigrationState> => {
  const files = readSqlFiles(directory, folders);
  const applied = await readApplied(db, formerFolders);
  const known = new Map(files.map(({ file, sha256 }) => [file, sha256]));
  const names = [...applied.keys()];
  return {
    applied: names.length,
    pending: files.filter(({ file }) => !applied.has(file)).map(({ file }) => file),
    unknown: names.filter((file) => !known.has(file)),
    edited: names.filter((file) => known.has(file) && known.get(file) !== applied.get(file)),
  };
};

/** The advisory lock of a process that migrates. Two processes that change grants at once would fail. */
export const migrationLock = 7_203_114_558;

/** The advisory lock that each backup shares while it reads, and that a migration with work to do has alone. */
export const backupLock = 7_203_114_562;

/** Returns the applied files with their hashes. Empty without the table of migrations. */
export const readApplied = async (
  db: pg.Client,
  formerFolders: readonly string[],
): Promise<ReadonlyMap<string, string>> => {
  const { rows: tables } = await db.query<{ exists: boolean }>(
    `select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'ops' and c.relname = 'migrations') as exists`,
  );
  if (tables[0]?.exists !== true) return new Map();
  await db.query('begin');
  await becomeOwner(db);
  const { rows } = await db.query<{ file: string; sha256: string }>('select file, sha256 from ops.migrations');
  await db.query('commit');
  const isFormer = (file: string) => formerFolders.some((folder) => file.startsWith(`${folder}/`));
  return new Map(rows.filter(({ file }) => !isFormer(file)).map(({ file, sha256 }) => [file, sha256]));
};

const checkApplied = (files: readonly SqlFile[], applied: ReadonlyMap<string, string>): void => {
  const known = new Map(files.map(({ file, sha256 }) => [file, sha256]));
  for (const [file, sha256] of applied) {
    const ours = known.get(file);
    if (ours === undefined) {
      throw new Error(
        `The database was migrated by a newer version of License Ledger: it has had db/${file}, which this version does not know. ` +
          'Run that version, or a newer one.',
      );
    }
    if (ours !== sha256) {
      throw new Error(
        `db/${file} was edited after it was applied to this database. Restore the file as it was, and put the change into a new file with a higher number.`,
      );
    }
  }
};

const applyStep = async (
  db: pg.Client,
  step: readonly SqlFile[],
  isFirst: (file: SqlFile) => boolean,
): Promise<void> => {
  await db.query('begin');
  // When a file fails, the caller closes the connection, which rolls back.
  for (const file of step) {
    // The files of the first folder create the role of the owner.
    if (!isFirst(file)) await becomeOwner(db);
    await runSqlFile(db, file);
  }
  await becomeOwner(db);
  for (const { file, sha256 } of step) {
    await db.query('insert into ops.migrations (file, sha256) values ($1, $2)', [file, sha256]);
  }
  await db.query('commit');
};
