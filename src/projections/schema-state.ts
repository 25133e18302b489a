import pg from 'pg';
import { readApplied } from '../postgres/migrate.ts';
import { ownDirectory, readSqlFiles } from '../postgres/sql-files.ts';
import { formerFolders, migratedFolders } from './prepare-database.ts';

/**
 * Which release migrated a database. MISSING: none of this program did. OLDER: it lacks migrations of this release.
 * NEWER: it has some that this release does not know. `file`: the first migration that differs.
 */
export type SchemaState =
  | { readonly kind: 'CURRENT' | 'MISSING' }
  | { readonly kind: 'OLDER' | 'NEWER'; readonly file: string };

/** Reads which release migrated a database, and changes nothing. `directory`: the SQL files of this release. */
export const readSchemaState = async (url: string, directory = ownDirectory): Promise<SchemaState> => {
  const files = readSqlFiles(directory, migratedFolders).map(({ file }) => file);
  const applied = await readAppliedFiles(url);
  if (applied.length === 0) return { kind: 'MISSING' };
  const unknown = applied.find((file) => !files.includes(file));
  if (unknown !== undefined) return { kind: 'NEWER', file: unknown };
  const missing = files.find((file) => !applied.includes(file));
  return missing === undefined ? { kind: 'CURRENT' } : { kind: 'OLDER', file: missing };
};

const readAppliedFiles = async (url: string): Promise<readonly string[]> => {
  const db = new pg.Client({
    connectionString: url,
    application_name: 'ledger-schema',
    connectionTimeoutMillis: connectMsMax,
  });
  db.on('error', () => {});
  await db.connect();
  try {
    return [...(await readApplied(db, formerFolders)).keys()];
  } finally {
    await db.end();
  }
};

const connectMsMax = 5_000;
