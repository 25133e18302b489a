import pg from 'pg';
import { installFirst } from '../projections/install-version.ts';
import { ownRelease } from '../projections/release.ts';
import { activeAmong, versionsOf } from '../projections/versions.ts';
import type { LogLine } from './log.ts';
import { becomeOwner, ownDirectory, readShape, readSqlFiles, runSqlFile, type SqlFile } from './sql-files.ts';

type Options = {
  /** The login of DATABASE_URL: a superuser, or one that may create roles and schemas. */
  readonly url: string;
  readonly log: LogLine;
  /** Where the SQL files are; the package's own db/ unless a test says otherwise. */
  readonly directory?: string;
  /** The number of the release that these files are of. */
  readonly release?: number;
};

/**
 * Brings the database to this version: every file of db/ that it has not had yet, in order, each in a transaction of its
 * own; then the first read models, empty, where there are none. Those of another release stay as they are: see
 * `upgrade`. Any number of processes may call this at once; one does the work, the others wait. Throws, before changing
 * anything, when an applied file was edited since or belongs to a newer version.
 */
export const migrate = async ({
  url,
  log,
  directory = ownDirectory,
  release = ownRelease().number,
}: Options): Promise<void> => {
  const files = readSqlFiles(directory, folders);
  const db = new pg.Client({ connectionString: url, application_name: 'ledger-migrate' });
  await db.connect();
  try {
    await db.query('select pg_advisory_lock($1)', [migrationLock]);
    const applied = await readApplied(db);
    checkApplied(files, applied);
    const pending = files.filter(({ file }) => !applied.has(file));
    // The table that records migrations is made by the last file of db/base: on a new database they are one step.
    const first = applied.size === 0 ? pending.filter(isBase) : [];
    const steps = [first, ...pending.filter((file) => !first.includes(file)).map((file) => [file])];
    for (const step of steps.filter(({ length }) => length > 0)) await applyStep(db, step);
    if (pending.length > 0) log({ files: pending.map(({ file }) => file) }, 'The database was migrated.');
    await makeReadModels(db, directory, release, log);
  } finally {
    await db.end();
  }
};

/** The advisory lock of whoever migrates: two processes that change grants at once would fail. */
export const migrationLock = 7_203_114_558;

// In this order. Not db/read-models, which can be made anew at any time; nor db/eventstore, which is the embedded event
// store's, in another database.
const folders = ['base', 'ops', 'vault', 'identity'];

const isBase = ({ file }: SqlFile): boolean => file.startsWith('base/');

const makeReadModels = async (db: pg.Client, directory: string, release: number, log: LogLine): Promise<void> => {
  await db.query('begin');
  await becomeOwner(db);
  const active = activeAmong(await versionsOf(db));
  await db.query('reset role');
  if (active !== undefined) {
    await db.query('rollback');
    return;
  }
  const shape = readShape(directory);
  const { version } = await installFirst(db, shape, release);
  await becomeOwner(db);
  // Earlier releases noted these files one by one.
  await db.query(`delete from ops.migrations where file like 'read-models/%'`);
  await db.query('commit');
  log(
    { version, files: shape.files.map(({ file }) => file) },
    'The read models were made; the projector folds them from the start of the log.',
  );
};

const readApplied = async (db: pg.Client): Promise<ReadonlyMap<string, string>> => {
  const { rows: found } = await db.query<{ exists: boolean }>(
    `select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'ops' and c.relname = 'migrations') as exists`,
  );
  if (found[0]?.exists !== true) return new Map();
  await db.query('begin');
  await becomeOwner(db);
  const { rows } = await db.query<{ file: string; sha256: string }>(
    `select file, sha256 from ops.migrations where file not like 'read-models/%'`,
  );
  await db.query('commit');
  return new Map(rows.map(({ file, sha256 }) => [file, sha256]));
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

const applyStep = async (db: pg.Client, step: readonly SqlFile[]): Promise<void> => {
  await db.query('begin');
  // Where one fails, closing the connection rolls back.
  for (const each of step) {
    if (!isBase(each)) await becomeOwner(db);
    await runSqlFile(db, each);
  }
  await becomeOwner(db);
  for (const { file, sha256 } of step) {
    await db.query('insert into ops.migrations (file, sha256) values ($1, $2)', [file, sha256]);
  }
  await db.query('commit');
};
