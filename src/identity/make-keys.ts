import { open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePrivateDirectory, readKeyFiles, type SigningKey, writeNewKey } from './key-files.ts';

/** Makes the first key when the directory has none. Of several processes that start at once, one makes it. */
export const ensureFirstKey = async (directory: string, now: () => Date): Promise<void> => {
  if (await hasFiles(directory)) return;
  await alone(directory, async () => {
    if (!(await hasFiles(directory))) await writeNewKey(directory, now());
  });
};

/** What a rotation did, or the sentence why it was refused. */
export type Rotation =
  | { readonly made: SigningKey; readonly removed: readonly SigningKey[] }
  | { readonly refused: string };

type RotateNeeds = {
  readonly directory: string;
  readonly accessTokenSeconds: number;
  readonly now: () => Date;
  /** Removes a key whose tokens are still in use. */
  readonly force: boolean;
};

const kept = 2;

// Other processes look for a new key this often at the latest, and sign with the one before until then.
const pickUpSeconds = 10;

/**
 * Makes the next key, which signs from now on, and removes all but the two newest. Refused while tokens of a key that
 * would be removed are good, unless forced. Throws a sentence when a file in the directory cannot be used.
 */
export const rotateKeys = async ({ directory, accessTokenSeconds, now, force }: RotateNeeds): Promise<Rotation> =>
  alone(directory, async () => {
    const { keys, faults } = await readKeyFiles(directory);
    if (faults.length > 0) throw new Error(faults.join('\n'));
    const removed = keys.slice(kept - 1);
    const [newest] = keys;
    if (newest !== undefined && removed.length > 0 && !force) {
      const waitMs = newest.createdAt.getTime() + (accessTokenSeconds + pickUpSeconds) * 1_000 - now().getTime();
      if (waitMs > 0) {
        return {
          refused: `The last rotation was at ${newest.createdAt.toISOString()}, and access tokens live for ${accessTokenSeconds} seconds: tokens of the key that would be removed are still in use. Try again in ${Math.ceil(waitMs / 1_000)} seconds, or end them now with --force.`,
        };
      }
    }
    // The newest key is the one that signs: a clock that was set back must not make an old one.
    const createdAt = new Date(Math.max(now().getTime(), (newest?.createdAt.getTime() ?? 0) + 1));
    const made = await writeNewKey(directory, createdAt);
    for (const { file } of removed) await rm(file, { force: true });
    return { made, removed };
  });

const hasFiles = async (directory: string): Promise<boolean> => {
  const { keys, faults } = await readKeyFiles(directory);
  return keys.length + faults.length > 0;
};

const staleMs = 10_000;
const waitMaxMs = 20_000;

/**
 * Runs `work` while no other process does on this directory. The lock is a file, as processes of several hosts may share
 * the directory; one that a crash left is pushed aside after ten seconds.
 */
const alone = async <Result>(directory: string, work: () => Promise<Result>): Promise<Result> => {
  await makePrivateDirectory(directory);
  const lock = path.join(directory, '.lock');
  const deadlineMs = Date.now() + waitMaxMs;
  while (!(await take(lock))) {
    if (Date.now() > deadlineMs) throw new Error(`Another process is making keys: remove ${lock} if none is.`);
    await sleep(20);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
};

const take = async (lock: string): Promise<boolean> => {
  try {
    const handle = await open(lock, 'wx', 0o600);
    await handle.close();
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const made = await stat(lock).catch(() => null);
  if (made === null || Date.now() - made.mtimeMs < staleMs) return false;
  const aside = `${lock}.${process.pid}`;
  await rename(lock, aside).catch(() => {});
  await rm(aside, { force: true });
  return false;
};
