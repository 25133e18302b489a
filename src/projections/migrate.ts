import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { LogLine } from './log.ts';

type Options = {
  /** The login of DATABASE_URL: a superuser, or one that may create roles and schemas. */
  readonly url: string;
  readonly log: LogLine;
  /** Where the SQL files are; the package's own db/ unless a test says otherwise. */
  readonly directory?: string;
};

/**
 * Brings the database to this version: every file of db/ that it has not had yet, in order, each in a transaction of its
 * own. Any number of processes may call this at once; one does the work, the others wait. Throws, before changing
 * anything, when an applied file was edited since or belongs to a newer version.
 */
export const migrate = async ({ url, log, directory = ownDirectory }: Options): Promise<void> => {
  const files = await readMigrations(directory);
  const db = new pg.Client({ connectionString: url, application_name: 'ledger-migrate' });
  await db.connect();
  try {
    await db.query('select pg_advisory_lock($1)', [lockKey]);
    const applied = await readApplied(db);
    checkApplied(files, applied);
    const pending = files.filter(({ file }) => !applied.has(file));
    if (pending.length === 0) return;

    // The table that records migrations is made by the last file of db/base: on a new database they are one step.
    const first = applied.size === 0 ? pending.filter(isBase) : [];
    const steps = [first, ...pending.filter((migration) => !first.includes(migration)).map((migration) => [migration])];
    for (const step of steps.filter(({ length }) => length > 0)) await applyStep(db, step);
    log({ files: pending.map(({ file }) => file) }, 'The database was migrated.');
  } finally {
    await db.end();
  }
};

type Migration = { readonly file: string; readonly sql: string; readonly sha256: string };

// From src and from dist alike.
const ownDirectory = fileURLToPath(new URL('../../db/', import.meta.url));
// In this order. db/eventstore is not ours: it is the embedded event store's, in another database.
const folders = ['base', 'ops', 'vault', 'identity', 'read-models'];
const lockKey = 7_203_114_558;

const isBase = ({ file }: Migration): boolean => file.startsWith('base/');

const readMigrations = async (directory: string): Promise<readonly Migration[]> => {
  const names = await Promise.all(
    folders.map(async (folder) => {
      const files = await readdir(path.join(directory, folder));
      return files
        .filter((file) => file.endsWith('.sql'))
        .sort()
        .map((file) => `${folder}/${file}`);
    }),
  );
  return Promise.all(
    names.flat().map(async (file) => {
      const sql = await readFile(path.join(directory, file), 'utf8');
      // A checkout with other line ends is the same migration.
      const sha256 = createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex');
      return { file, sql, sha256 };
    }),
  );
};

const readApplied = async (db: pg.Client): Promise<ReadonlyMap<string, string>> => {
  const { rows: found } = await db.query<{ exists: boolean }>(
    `select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'ops' and c.relname = 'migrations') as exists`,
  );
  if (found[0]?.exists !== true) return new Map();
  await becomeOwner(db, 'set role ledger_owner');
  const { rows } = await db.query<{ file: string; sha256: string }>('select file, sha256 from ops.migrations');
  await db.query('reset role');
  return new Map(rows.map(({ file, sha256 }) => [file, sha256]));
};

const checkApplied = (files: readonly Migration[], applied: ReadonlyMap<string, string>): void => {
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

const applyStep = async (db: pg.Client, step: readonly Migration[]): Promise<void> => {
  await db.query('begin');
  for (const { file, sql } of step) {
    if (!file.startsWith('base/')) await becomeOwner(db, 'set local role ledger_owner');
    try {
      await db.query(sql);
    } catch (error) {
      // Closing the connection rolls back.
      throw new Error(`db/${file} failed: ${sentence(error)}`, { cause: error });
    }
    await db.query('reset role');
  }
  await becomeOwner(db, 'set local role ledger_owner');
  for (const { file, sha256 } of step) {
    await db.query('insert into ops.migrations (file, sha256) values ($1, $2)', [file, sha256]);
  }
  await db.query('commit');
};

const becomeOwner = async (db: pg.Client, statement: string): Promise<void> => {
  try {
    await db.query(statement);
  } catch (error) {
    throw new Error(
      `The login of DATABASE_URL cannot become ledger_owner (${sentence(error)}). Use the login that migrated this database first, ` +
        'or have it granted: grant ledger_owner, ledger_api, ledger_projector, ledger_worker, ledger_auth to <login> with set true.',
      { cause: error },
    );
  }
};

const sentence = (error: unknown): string => {
  if (!(error instanceof pg.DatabaseError)) return error instanceof Error ? error.message : String(error);
  return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
};
