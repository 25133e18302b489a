import type pg from 'pg';
import { becomeOwner, runSqlFile } from '../postgres/sql-files.ts';
import type { Shape } from './shape.ts';
import { readModelsName, schemaOf, type Version } from './versions.ts';

/** Returns the number of a new version, which is higher than any existing or recorded number. */
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
 * Creates the empty tables of a new version and its checkpoint at the start of the log, within the caller's
 * transaction. `goal`: where the log ends now, or null to let the projector read it. `db` is the login of DATABASE_URL.
 */
export const installVersion = async (
  db: pg.Client,
  { files, hash }: Shape,
  { version, state, release, goal }: Omit<Version, 'shape' | 'projectedBy'> & { readonly goal: bigint | null },
): Promise<Version> => {
  const installed: Version = { version, state, shape: hash, release, projectedBy: release };
  const schema = schemaOf(installed);
  await db.query(`create schema ${schema} authorization ledger_owner`);
  await becomeOwner(db);
  await db.query(`grant usage on schema ${schema} to ledger_api, ledger_projector, ledger_worker, ledger_auth`);
  for (const { file, sql } of files) {
    await becomeOwner(db);
    await runSqlFile(db, { file, sql: inSchema(sql, schema) });
  }
  await becomeOwner(db);
  await db.query(
    `insert into ops.projection_versions (projection, version, state, shape, release, projected_by, goal, switched_at)
      values ($1, $2, $3, $4, $5, $5, $6, case when $3 = 'active' then now() end)`,
    [readModelsName, version, state, hash, release, goal],
  );
  await db.query('insert into ops.checkpoints (projection, version, schema_name) values ($1, $2, $3)', [
    readModelsName,
    version,
    schema,
  ]);
  await db.query('reset role');
  return installed;
};

/**
 * Removes the tables of versions and all rows about them, within the caller's transaction. Also removes what a killed
 * rebuild was loading. No other rebuild may run meanwhile.
 */
export const dropVersions = async (db: pg.Client, versions: readonly Version[]): Promise<void> => {
  await becomeOwner(db);
  const numbers = versions.map(({ version }) => version);
  // A projector holds its checkpoint while it writes. Deleting the checkpoints first waits for it, and then stops it.
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
  // Of a rebuild that was killed. An earlier release does not know it, and drops only the rows about its version.
  const { rows } = await db.query<{ schema: string }>(
    `select quote_ident(nspname) as schema from pg_namespace where nspname ~ '^rm_v[0-9]+_loading$'`,
  );
  for (const { schema } of rows) await db.query(`drop schema ${schema} cascade`);
  await db.query('reset role');
};

/** Creates the first version of the read models, empty and not level, within the caller's transaction. */
export const installFirst = async (db: pg.Client, shape: Shape, release: number): Promise<Version> => {
  await becomeOwner(db);
  const version = await nextVersion(db);
  // An earlier release of this program created one schema and recorded no version.
  await db.query('delete from ops.checkpoints where projection = $1', [readModelsName]);
  await db.query('drop schema if exists rm cascade');
  await db.query('reset role');
  return installVersion(db, shape, { version, state: 'active', release, goal: null });
};

// The bodies of functions stay as they are. They name rm, which is the schema of their tables once anybody calls them.
const inSchema = (sql: string, schema: string): string =>
  sql
    .split('$$')
    .map((text, index) => (index % 2 === 0 ? text.replaceAll(/\brm\b/g, schema) : text))
    .join('$$');
