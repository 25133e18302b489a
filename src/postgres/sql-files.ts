import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { ownFile } from '../own-files.ts';

/** A file of db/ with its name, `folder/file`. */
export type SqlFile = { readonly file: string; readonly sql: string; readonly sha256: string };

/** The directory db/ of this package. */
export const ownDirectory = fileURLToPath(ownFile('db/'));

/** Reads the SQL files of some folders, folder by folder, in the order of their names. */
export const readSqlFiles = (directory: string, folders: readonly string[]): readonly SqlFile[] =>
  folders.flatMap((folder) =>
    readdirSync(path.join(directory, folder))
      .filter((name) => name.endsWith('.sql'))
      .sort()
      .map((name) => {
        const sql = readFileSync(path.join(directory, folder, name), 'utf8');
        // The hash must not depend on the line ends of a checkout.
        return { file: `${folder}/${name}`, sql, sha256: sha256(sql.replaceAll('\r\n', '\n')) };
      }),
  );

/** Returns one hash over the names and contents of files. */
export const hashOfFiles = (files: readonly SqlFile[]): string =>
  sha256(files.map(({ file, sha256: hash }) => `${file} ${hash}\n`).join(''));

/** Runs a file and then resets the role. Throws a sentence with the name of a file that fails. */
export const runSqlFile = async (db: pg.Client, { file, sql }: Pick<SqlFile, 'file' | 'sql'>): Promise<void> => {
  try {
    await db.query(sql);
  } catch (error) {
    throw new Error(`db/${file} failed: ${sentenceOf(error)}`, { cause: error });
  }
  await db.query('reset role');
};

/** Takes the role of the owner until the transaction ends or the role is reset. Throws a sentence when it may not. */
export const becomeOwner = async (db: pg.Client): Promise<void> => {
  try {
    await db.query('set local role ledger_owner');
  } catch (error) {
    throw new Error(
      `The login of DATABASE_URL cannot become ledger_owner (${sentenceOf(error)}). Use the login that migrated this database first, ` +
        'or have it granted: grant ledger_owner, ledger_api, ledger_projector, ledger_worker, ledger_auth, ledger_backup to <login> with set true.',
      { cause: error },
    );
  }
};

const sentenceOf = (error: unknown): string => {
  if (!(error instanceof pg.DatabaseError)) return error instanceof Error ? error.message : String(error);
  return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
