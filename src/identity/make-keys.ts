import { open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePrivateDirectory, readKeyFiles, type SigningKey, writeNewKey } from './key-files.ts';

/** Creates the first key when the directory is empty. When several processes start at once, one creates it. */
export const ensureFirstKey = async (directory: string, now: () => Date): Promise<void> => {
  if (await hasFiles(directory)) return;
  await withLock(directory, async () => {
    if (!(await hasFiles(directory))) await writeNewKey(directory, now());
  });
};

/** The created and removed keys of a rotation, or the sentence that says why it is refused. */
export type Rotation =
  | { readonly created: SigningKey; readonly removed: readonly SigningKey[] }
  | { readonly refused: string };

type RotateNeeds = {
  readonly directory: string;
  readonly accessTokenSeconds: number;
  readonly now: () => Date;
  /** Removes a key although its tokens are still in use. */
  readonly force: boolean;
};

const keysMax = 2;

// Other processes notice a new key within this time, and sign with the previous key until then.
const pickUpSeconds = 10;

/**
 * Creates the next key, which signs from now on, and removes all but the two newest keys. Refuses while tokens of a
 * removed key would still be valid, unless forced. Throws an Error when a file in the directory cannot be used.
 */
export const rotateKeys = async ({ directory, accessTokenSeconds, now, force }: RotateNeeds): Promise<Rotation> =>
  withLock(directory, async () => {
    const { keys, faults } = await readKeyFiles(directory);
    if (faults.length > 0) throw new Error(faults.join('\n'));
    const removed = keys.slice(keysMax - 1);
    const [newest] = keys;
    if (newest !== undefined && removed.length > 0 && !force) {
      const waitMs = newest.createdAt.getTime() + (accessTokenSeconds + pickUpSeconds) * 1_000 - now().getTime();
      if (waitMs > 0) {
        return {
          refused: `The last rotation was at ${newest.createdAt.toISOString()}, and access tokens live for ${accessTokenSeconds} seconds. Tokens of the key that would be removed are still in use. Try again in ${Math.ceil(waitMs / 1_000)} seconds, or end them now with --force.`,
        };
      }
    }
    // The newest key signs. So a clock that was set back must not give the new key an older time.
    const createdAt = new Date(Math.max(now().getTime(), (newest?.createdAt.getTime() ?? 0) + 1));
    const created = await writeNewKey(directory, createdAt);
    for (const { file } of removed) await rm(file, { force: true });
    return { created, removed };
  });

const hasFiles = async (directory: string): Promise<boolean> => {
  const { keys, faults } = await readKeyFiles(directory);
  return keys.length + faults.length > 0;
};

const staleMs = 10_000;
const waitMaxMs = 20_000;

/**
 * Runs `work` under a lock on this directory. The lock is a file, because processes of several hosts may share the
 * directory. A lock that a crash left behind is removed after ten seconds.
 */
const withLock = async <Result>(directory: string, work: () => Promise<Result>): Promise<Result> => {
  await makePrivateDirectory(directory);
  const lock = path.join(directory, '.lock');
  const deadlineMs = Date.now() + waitMaxMs;
  while (!(await takeLock(lock))) {
    if (Date.now() > deadlineMs) throw new Error(`Another process is creating keys. If there is none, remove ${lock}.`);
    await sleep(20);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
};

const takeLock = async (lock: string): Promise<boolean> => {
  try {
    const handle = await open(lock, 'wx', 0o600);
    await handle.close();
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const existing = await stat(lock).catch(() => null);
  if (existing === null || Date.now() - existing.mtimeMs < staleMs) return false;
  const aside = `${lock}.${process.pid}`;
  await rename(lock, aside).catch(() => {});
  await rm(aside, { force: true });
  return false;
};
