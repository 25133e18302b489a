import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tryLock } from '../embedded/lock.ts';

/** The turn of a command on a data directory. A process that dies loses it. A second release does nothing. */
export type DirectoryTurn = { release(): Promise<void> };

/**
 * Takes the turn of this name on a data directory. Waits while another process has it, and calls `onWait` before. Where
 * the directory cannot hold a lock, the command goes on without a turn: what it does next names the fault.
 */
export const takeDirectoryTurn = async (dataDir: string, name: string, onWait: () => void): Promise<DirectoryTurn> => {
  const lockName = path.join(path.resolve(dataDir), 'locks', name);
  const isThere = await createDirectory(path.dirname(lockName)).then(
    () => true,
    () => false,
  );
  if (!isThere) return { release: async () => undefined };
  let isWaiting = false;
  for (;;) {
    const lock = await tryLock(lockName);
    if (lock.isAcquired) return once(lock.release);
    if (!isWaiting) onWait();
    isWaiting = true;
    await delay(pollMs);
  }
};

const pollMs = 200;

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
