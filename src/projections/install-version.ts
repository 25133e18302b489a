import type pg from 'pg';
import { becomeOwner, hashOfFiles, readSqlFiles, runSqlFile, type SqlFile } from './sql-files.ts';
import { readModelsName, schemaOf, type Version, versionsOf } from './versions.ts';

/** What a version of the read models is made from: the files of db/read-models, and their hash. */
export type Shape = { readonly files: readonly SqlFile[]; readonly hash: string };

/** Reads the shape that this program's read models have. */
export const readShape = async (directory: string): Promise<Shape> => {
  const files = await readSqlFiles(directory, ['read-models']);
  return { files, hash: hashOfFiles(files) };
};

/** The number of a new version: higher than that of any there is or was noted. */
export const nextVersion = async (db: pg.Client): Promise<number> => {
  const { rows } = await db.query<{ version: number }>(
    `select coalesce(max(version), 0) + 1 as version from (
      select version from ops.projection_versions where projection = $1
      union all select version from ops.checkpoints where projection = $1) known`,
    [readModelsName],
  );
  return rows[0]?.version ?? 1;
};

/**
 * Makes the empty tables of a new version and its checkpoint at the start of the log, within the caller's transaction.
 * `db` is the login of DATABASE_URL.
 */
export const installVersion = async (
  db: pg.Client,
  { files, hash }: Shape,
  { version, state }: { readonly version: number; readonly state: 'building' | 'active' },
): Promise<Version> => {
  const made: Version = { version, state, shape: hash };
  const schema = schemaOf(made);
  await db.query(`create schema ${schema} authorization ledger_owner`);
  await becomeOwner(db);
  await db.query(`grant usage on schema ${schema} to ledger_api, ledger_projector, ledger_worker, ledger_auth`);
  for (const { file, sql } of files) {
    await becomeOwner(db);
    await runSqlFile(db, { file, sql: inSchema(sql, schema) });
  }
  await becomeOwner(db);
  await db.query(
    `insert into ops.projection_versions (projection, version, state, shape, switched_at)
      values ($1, $2, $3, $4, case when $3 = 'active' then now() end)`,
    [readModelsName, version, state, hash],
  );
  await db.query('insert into ops.checkpoints (projection, version, schema_name) values ($1, $2, $3)', [
    readModelsName,
    version,
    schema,
  ]);
  await db.query('reset role');
  return made;
};

/** Removes the tables of versions and all that is noted of them, within the caller's transaction. */
export const dropVersions = async (db: pg.Client, versions: readonly Version[]): Promise<void> => {
  await becomeOwner(db);
  const numbers = versions.map(({ version }) => version);
  // The checkpoints first: a projector holds its own while it writes, so it is done then, and is fenced off afterwards.
  for (const table of [
    'ops.checkpoints',
    'ops.parked',
    'ops.parked_owners',
    'ops.parked_keys',
    'ops.projection_versions',
  ]) {
    await db.query(`delete from ${table} where projection = $1 and version = any($2)`, [readModelsName, numbers]);
  }
  for (const version of versions) await db.query(`drop schema if exists ${schemaOf(version)} cascade`);
  await db.query('reset role');
};

/** Makes the read models anew as the active version, empty, in place of all there are, within the caller's transaction. */
export const installAnew = async (db: pg.Client, shape: Shape): Promise<Version> => {
  await becomeOwner(db);
  const version = await nextVersion(db);
  await dropVersions(db, await versionsOf(db));
  await becomeOwner(db);
  // An earlier release of this program made one schema, and no note of a version.
  await db.query('delete from ops.checkpoints where projection = $1', [readModelsName]);
  await db.query('drop schema if exists rm cascade');
  await db.query('reset role');
  return installVersion(db, shape, { version, state: 'active' });
};

// Not in the bodies of functions: those go on to name rm, which their tables are by the time that anybody calls them.
const inSchema = (sql: string, schema: string): string =>
  sql
    .split('$$')
    .map((text, index) => (index % 2 === 0 ? text.replaceAll(/\brm\b/g, schema) : text))
    .join('$$');
