import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, errorText } from '../../embedded/errors.ts';
import { CommandEnded, exitCodes, RefusedByPolicy, UsageError } from '../exit-codes.ts';
import { isUnfinished, namesIn } from './backup-directory.ts';
import { copiedTables, logTables } from './backup-tables.ts';
import { digestOfFile } from './copy-table.ts';
import { digestOf, fileOfTable, type Manifest, manifestFile, parseManifest, UnreadableManifest } from './manifest.ts';

/** A backup. Every file of it has its digest. `digest`: that of the manifest. */
export type Backup = { readonly directory: string; readonly manifest: Manifest; readonly digest: string };

/**
 * Reads a backup and checks every file of it, before anything is restored. Throws UsageError when the directory is no backup,
 * RefusedByPolicy when a newer release made it, and CommandEnded with the exit code 3 when a file is missing or was changed.
 */
export const readBackup = async (
  directory: string,
  onBytes: (file: string, bytes: number) => void = () => {},
): Promise<Backup> => {
  const manifest = await readManifest(directory);
  requireTables(manifest);
  for (const { table, bytes, sha256 } of manifest.parts) {
    const file = path.join(directory, fileOfTable(table));
    const size = await stat(file).catch((error: unknown) => {
      throw damaged(file, errorCode(error) === 'ENOENT' ? 'is missing' : `cannot be read: ${errorText(error)}`);
    });
    if (size.size !== bytes) throw damaged(file, `has ${size.size} bytes, and ${bytes} were written`);
    const digest = await digestOfFile(file);
    if (digest.sha256 !== sha256) throw damaged(file, 'was changed: its SHA-256 is another one than in the manifest');
    onBytes(table, bytes);
  }
  return { directory, manifest, digest: digestOf(manifest) };
};

const readManifest = async (directory: string): Promise<Manifest> => {
  const file = path.join(directory, manifestFile);
  const text = await readFile(file, 'utf8').catch(async (error: unknown) => {
    if (!['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? ''))
      throw new UsageError(`--from: ${file} cannot be read: ${errorText(error)}.`);
    throw new UsageError(await withoutManifest(directory));
  });
  try {
    return parseManifest(text);
  } catch (error) {
    if (!(error instanceof UnreadableManifest)) throw error;
    if (!error.isNewer) throw damaged(file, `was changed or cut off. ${error.message}`);
    throw new RefusedByPolicy(`The backup is of a newer release: ${error.message} Restore it with that release.`);
  }
};

/** Returns why a directory is no backup, and which ones it has. */
const withoutManifest = async (directory: string): Promise<string> => {
  if (isUnfinished(directory))
    return `--from: ${directory} is of a backup that was killed, so it is not whole. Name another one.`;
  const names = (await namesIn(directory)).filter((name) => !isUnfinished(name));
  const backups: string[] = [];
  for (const name of names) if ((await namesIn(path.join(directory, name))).includes(manifestFile)) backups.push(name);
  const newest = backups.at(-1);
  return newest === undefined
    ? `--from: ${directory} has no ${manifestFile}, so it is no backup. Name a directory that ledger backup made.`
    : `--from: ${directory} contains ${backups.length} backups. Name one of them. The newest is ${path.join(directory, newest)}.`;
};

/** Requires a part for every table that this release restores, and no other part. */
const requireTables = ({ parts, log }: Manifest): void => {
  const expected = new Set<string>([...copiedTables, ...(log.included ? logTables : [])]);
  const tables = new Set(parts.map(({ table }) => table));
  const unknown = [...tables].filter((table) => !expected.has(table));
  if (unknown.length > 0)
    throw new RefusedByPolicy(
      `The backup is of a newer release: this one does not know ${unknown.join(', ')}. Restore it with that release.`,
    );
  // A table that a later release added has no rows in a backup of an earlier one.
  if (parts.length !== tables.size) throw new RefusedByPolicy('The manifest names a table twice.');
};

const damaged = (file: string, what: string): CommandEnded =>
  new CommandEnded(
    exitCodes.damaged,
    `The backup is damaged: ${file} ${what}. Nothing was restored. Restore another backup.`,
  );
