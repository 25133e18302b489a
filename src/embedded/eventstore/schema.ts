import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { Client } from 'pg';
import { ownFile } from '../../own-files.ts';

const sqlFiles = ownFile('db/eventstore/');

/**
 * Applies the SQL files that were not applied yet, each in a transaction of its own. Throws when a file was edited
 * after it had been applied. The caller holds the writer's lock, so no other process does the same.
 */
export const applySchema = async (db: Client): Promise<void> => {
  await db.query('create schema if not exists eventstore');
  await db.query(
    `create table if not exists eventstore.schema_files (
       name text primary key, sha256 text not null, applied_at timestamptz not null default now())`,
  );
  const { rows } = await db.query<{ name: string; sha256: string }>('select name, sha256 from eventstore.schema_files');
  const applied = new Map(rows.map(({ name, sha256 }) => [name, sha256]));

  const names = (await readdir(sqlFiles)).filter((name) => name.endsWith('.sql')).sort();
  if (names.length === 0) throw new Error(`No SQL files in ${sqlFiles.pathname}: the installation is incomplete`);
  const unknown = [...applied.keys()].find((name) => !names.includes(name));
  if (unknown) throw new Error(`The event store database was written by a newer version: it has ${unknown}`);

  for (const name of names) {
    const sql = await readFile(new URL(name, sqlFiles), 'utf8');
    const sha256 = createHash('sha256').update(sql).digest('hex');
    const appliedSha256 = applied.get(name);
    if (appliedSha256 === sha256) continue;
    if (appliedSha256)
      throw new Error(`db/eventstore/${name} was edited after it had been applied; add a new file instead`);
    await applyFile(db, { name, sha256, sql });
  }
};

/** Changes nothing. Throws when the tables are not those of this release. */
export const requireSchema = async (db: Client): Promise<void> => {
  const { rows: tables } = await db.query(`select where to_regclass('eventstore.schema_files') is not null`);
  const { rows } = tables.length === 0 ? { rows: [] } : await db.query('select name from eventstore.schema_files');
  const applied: readonly string[] = rows.map(({ name }) => name);
  const names = (await readdir(sqlFiles)).filter((name) => name.endsWith('.sql'));
  const missing = names.find((name) => !applied.includes(name));
  if (missing !== undefined)
    throw new Error(
      `The event store database is of an older release: it lacks ${missing}. Start this release once, or use the older one.`,
    );
  const unknown = applied.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`The event store database was written by a newer release: it has ${unknown}. Use that release.`);
};

const applyFile = async (db: Client, { name, sha256, sql }: { name: string; sha256: string; sql: string }) => {
  await db.query('begin');
  try {
    await db.query(sql);
    await db.query('insert into eventstore.schema_files (name, sha256) values ($1, $2)', [name, sha256]);
    await db.query('commit');
  } catch (cause) {
    await db.query('rollback');
    throw new Error(`db/eventstore/${name} could not be applied`, { cause });
  }
};
