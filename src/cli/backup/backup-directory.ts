import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, errorText } from '../../embedded/errors.ts';
import { UsageError } from '../exit-codes.ts';
import { type Manifest, manifestFile, manifestText } from './manifest.ts';

/** The directory of a backup that is being made. */
export type UnfinishedBackup = {
  readonly directory: string;
  /** Writes the manifest and gives the directory its name. Returns its path. From here on it is a backup. */
  readonly finish: (manifest: Manifest) => Promise<string>;
  /** Removes the directory. Does nothing after `finish`. */
  readonly remove: () => Promise<void>;
};

const unfinishedPrefix = 'unfinished-';

/** Returns true for the directory of a backup that was killed. */
export const isUnfinished = (directory: string): boolean => path.basename(directory).startsWith(unfinishedPrefix);

/**
 * Creates a directory for a backup in `parent`, which may not exist yet. Its name says that it is unfinished. Only its owner
 * can read it. Throws UsageError when nothing can be written there.
 */
export const beginBackup = async (parent: string, startedAt: Date): Promise<UnfinishedBackup> => {
  const name = `${startedAt.toISOString().replaceAll(/[:.]/g, '-')}-${randomBytes(3).toString('hex')}`;
  const directory = path.join(parent, `${unfinishedPrefix}${name}`);
  try {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    throw new UsageError(`--to: no directory can be created in ${parent}: ${errorText(error)}.`);
  }
  let isFinished = false;
  return {
    directory,
    finish: async (manifest) => {
      const handle = await open(path.join(directory, manifestFile), 'wx', 0o600);
      try {
        await handle.writeFile(manifestText(manifest));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await syncDirectory(directory);
      const whole = path.join(parent, name);
      await rename(directory, whole);
      isFinished = true;
      await syncDirectory(parent);
      return whole;
    },
    remove: async () => {
      if (!isFinished) await rm(directory, { recursive: true, force: true });
    },
  };
};

/** Returns the directories that killed backups have left in `parent`. */
export const unfinishedIn = async (parent: string): Promise<readonly string[]> =>
  (await namesIn(parent)).filter((name) => name.startsWith(unfinishedPrefix)).map((name) => path.join(parent, name));

/** Returns the names in a directory, in their order. Empty when it does not exist or is a file. */
export const namesIn = async (directory: string): Promise<readonly string[]> => {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return [];
    throw new UsageError(`${directory} cannot be read: ${errorText(error)}.`);
  }
};

// A name is on disk only when its directory is. Windows cannot sync a directory, and does not need to.
const syncDirectory = async (directory: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
