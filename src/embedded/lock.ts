import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from './errors.ts';
import { readIfThere, writePrivate } from './files.ts';
import { birthOf, isAlive } from './process-table.ts';

export type Lock = { readonly held: true; release(): Promise<void> };
export type Refusal = { readonly held: false /** The process that has it. */; readonly by: number };

/**
 * Takes the lock of this name, a path without extension. A lock whose holder is dead, or whose process id now belongs to
 * another process, is free. Of several that try at once exactly one gets it.
 *
 * Each holder makes a file of its own, numbered one above the last, which names it. Only the highest number counts, and
 * it is never removed, only overtaken: so nobody can remove a lock that somebody else has just taken.
 */
export const tryLock = async (name: string): Promise<Lock | Refusal> => {
  await mkdir(path.dirname(name), { recursive: true, mode: 0o700 });
  for (;;) {
    const last = await lastOf(name);
    if (last.holder !== undefined) return { held: false, by: last.holder };
    const mine = last.number + 1;
    // Somebody was faster: see who.
    if (!(await createWhole(fileOf(name, mine)))) continue;
    const others = (await numbersOf(name)).filter((number) => number !== mine);
    // The number was free only because its time has passed since we looked.
    const overtaken = others.some((number) => number > mine);
    await Promise.all((overtaken ? [mine] : others).map((number) => rm(fileOf(name, number), { force: true })));
    if (!overtaken) return { held: true, release: () => writePrivate(fileOf(name, mine), 'released\n') };
  }
};

/** The process that holds the lock now, or undefined when none does. */
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
  // Where the system does not tell when a process began, being alive has to do.
  const bornNow = birthOf(pid);
  return born === '' || bornNow === undefined || bornNow === born ? pid : undefined;
};

/** False when the file exists. A link appears with its content, so nobody reads a lock that does not name its holder. */
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
