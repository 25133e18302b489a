import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from './errors.ts';
import { readIfThere, writePrivate } from './files.ts';
import { birthOf, isAlive } from './process-table.ts';

/** A lock that this process holds. */
export type Lock = { readonly isAcquired: true; release(): Promise<void> };

/** Another process holds the lock. `holder`: its process id. */
export type LockRefused = { readonly isAcquired: false; readonly holder: number };

/**
 * Acquires the lock of this name, a path without extension. A lock is free when its holder has ended, or when the
 * process id of the holder now belongs to another process. When several processes try at once, exactly one succeeds.
 *
 * Each holder creates a new file with the next number, which names the holder. Only the file with the highest number
 * counts. It is never removed, only replaced by a higher one, so no process can remove a lock that another just
 * acquired.
 */
export const tryLock = async (name: string): Promise<Lock | LockRefused> => {
  await mkdir(path.dirname(name), { recursive: true, mode: 0o700 });
  for (;;) {
    const last = await lastOf(name);
    if (last.holder !== undefined) return { isAcquired: false, holder: last.holder };
    const mine = last.number + 1;
    // Another process was faster. Read its file.
    if (!(await createWhole(fileOf(name, mine)))) continue;
    const others = (await numbersOf(name)).filter((number) => number !== mine);
    // A higher number appeared after the directory was read, so this file does not count.
    const overtaken = others.some((number) => number > mine);
    await Promise.all((overtaken ? [mine] : others).map((number) => rm(fileOf(name, number), { force: true })));
    if (!overtaken) return { isAcquired: true, release: () => writePrivate(fileOf(name, mine), 'released\n') };
  }
};

/** Returns the id of the process that holds the lock now, or undefined when none does. */
export const holderOf = async (name: string): Promise<number | undefined> => (await lastOf(name)).holder;

const lastOf = async (name: string): Promise<{ number: number; holder: number | undefined }> => {
  for (;;) {
    const number = Math.max(0, ...(await numbersOf(name)));
    if (number === 0) return { number, holder: undefined };
    const text = await readIfThere(fileOf(name, number));
    if (text !== undefined) return { number, holder: holderIn(text) };
  }
};

const fileOf = (name: string, number: number): string => `${name}.${number}`;

const numbersOf = async (name: string): Promise<number[]> => {
  const entries = await readdir(path.dirname(name)).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const prefix = `${path.basename(name)}.`;
  return entries
    .filter((entry) => entry.startsWith(prefix) && /^\d+$/.test(entry.slice(prefix.length)))
    .map((entry) => Number(entry.slice(prefix.length)));
};

const holderIn = (text: string): number | undefined => {
  const [first, born] = text.split('\n');
  const pid = Number(first);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  // Some systems do not tell when a process began. There, a running process with this id counts as the holder.
  const bornNow = birthOf(pid);
  return born === '' || bornNow === undefined || bornNow === born ? pid : undefined;
};

/** Returns false when the file exists. A link appears with its content, so every visible lock file names its holder. */
const createWhole = async (file: string): Promise<boolean> => {
  const whole = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(whole, `${process.pid}\n${birthOf(process.pid) ?? ''}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(whole, file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(whole, { force: true });
  }
};
