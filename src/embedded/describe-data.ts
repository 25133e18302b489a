import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { DataDirectoryInUse, places } from './data-directory.ts';
import { errorCode } from './errors.ts';
import { holderOf } from './lock.ts';

/** What a data directory has. `bytes`: the size of all its files. `since`: when it was created. */
export type DataDescription = { readonly directory: string; readonly bytes: number; readonly since: Date };

/**
 * Describes a data directory and changes nothing. Returns null when it does not exist or is empty. Throws
 * DataDirectoryInUse while a server uses it, and an Error when it is of another program.
 */
export const describeData = async (dataDir: string): Promise<DataDescription | null> => {
  const directory = path.resolve(dataDir);
  const names = await readdir(directory).catch(ifThere);
  if (names === null || names.length === 0) return null;
  const { marker, lock } = places(directory);
  const created = await stat(marker).catch(ifThere);
  if (created === null)
    throw new Error(
      `${directory} is not a data directory of License Ledger: it has no file ledger-data. Nothing was removed.`,
    );
  const holder = await holderOf(lock);
  if (holder !== undefined) throw new DataDirectoryInUse(directory, holder);
  return { directory, bytes: await sizeOf(directory), since: created.mtime };
};

const sizeOf = async (directory: string): Promise<number> => {
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = await stat(path.join(entry.parentPath, entry.name)).catch(ifThere);
    bytes += file?.size ?? 0;
  }
  return bytes;
};

const ifThere = (error: unknown): null => {
  if (errorCode(error) === 'ENOENT') return null;
  throw error;
};
