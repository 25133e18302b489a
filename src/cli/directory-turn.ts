import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { namesIn } from '../embedded/data-directory.ts';
import { errorCode } from '../embedded/errors.ts';
import { tryLock } from '../embedded/lock.ts';

/** The turn of a command on a data directory. A process that dies loses it. A second release does nothing. */
export type DirectoryTurn = { release(): Promise<void> };

/**
 * Takes the turn of this name on a data directory. Waits while another process has it, and calls `onWait` before. Throws
 * UnusableDirectory, and changes nothing, for a directory of another program. Where the directory cannot hold a lock, the
 * command goes on without a turn: its next step names the fault.
 */
export const takeDirectoryTurn = async (dataDir: string, name: string, onWait: () => void): Promise<DirectoryTurn> => {
  await namesIn(path.resolve(dataDir));
  const lockName = path.join(path.resolve(dataDir), 'locks', name);
  const isThere = await createDirectory(path.dirname(lockName)).then(
    () => true,
    () => false,
  );
  if (!isThere) return noTurn;
  let isWaiting = false;
  for (;;) {
    const lock = await tryLock(lockName).catch((error: unknown) => {
      if (unwritable.has(errorCode(error) ?? '')) return null;
      throw error;
    });
    if (lock === null) return noTurn;
    if (lock.isAcquired) return once(lock.release);
    if (!isWaiting) onWait();
    isWaiting = true;
    await delay(pollMs);
  }
};

const pollMs = 200;
const noTurn: DirectoryTurn = { release: async () => undefined };
const unwritable: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EEXIST']);

// Node never ends its recursive creation in a file system such as /proc.
const createDirectory = async (directory: string): Promise<void> => {
  if (await stat(directory).catch(() => null)) return;
  const parent = path.dirname(directory);
  if (parent !== directory) await createDirectory(parent);
  await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
};

const once = (release: () => Promise<void>): DirectoryTurn => {
  let released: Promise<void> | undefined;
  return {
    release: () => {
      released ??= release();
      return released;
    },
  };
};
