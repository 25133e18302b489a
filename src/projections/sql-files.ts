import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

/** A file of db/, named `folder/file`. */
export type SqlFile = { readonly file: string; readonly sql: string; readonly sha256: string };

/** The package's own db/, from src and from dist alike. */
export const ownDirectory = fileURLToPath(new URL('../../db/', import.meta.url));

/** The SQL files of some folders, folder by folder, each in the order of the names. */
export const readSqlFiles = async (directory: string, folders: readonly string[]): Promise<readonly SqlFile[]> => {
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
      // A checkout with other line ends is the same file.
      return { file, sql, sha256: sha256(sql.replaceAll('\r\n', '\n')) };
    }),
  );
};

/** One hash over names and contents of files. */
export const hashOfFiles = (files: readonly SqlFile[]): string =>
  sha256(files.map((each) => `${each.file} ${each.sha256}\n`).join(''));

/** Runs a file; throws a sentence with its name. The role is the login's again afterwards. */
export const runSqlFile = async (db: pg.Client, { file, sql }: Pick<SqlFile, 'file' | 'sql'>): Promise<void> => {
  try {
    await db.query(sql);
  } catch (error) {
    throw new Error(`db/${file} failed: ${sentenceOf(error)}`, { cause: error });
  }
  await db.query('reset role');
};

/** Takes the role that owns everything, until the transaction ends or the role is reset; throws a sentence when it may not. */
export const becomeOwner = async (db: pg.Client): Promise<void> => {
  try {
    await db.query('set local role ledger_owner');
  } catch (error) {
    throw new Error(
      `The login of DATABASE_URL cannot become ledger_owner (${sentenceOf(error)}). Use the login that migrated this database first, ` +
        'or have it granted: grant ledger_owner, ledger_api, ledger_projector, ledger_worker, ledger_auth to <login> with set true.',
      { cause: error },
    );
  }
};

const sentenceOf = (error: unknown): string => {
  if (!(error instanceof pg.DatabaseError)) return error instanceof Error ? error.message : String(error);
  return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
