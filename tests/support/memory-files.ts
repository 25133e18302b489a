import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import path from 'node:path';
import { isAlive } from '../../src/embedded/process-table.ts';

const memory = '/dev/shm';
const freeBytesMin = 6 * 2 ** 30;

/**
 * Makes all temporary files of this test run in memory, where Linux offers that and has room. On a disk, making and removing
 * the files of many databases takes a third of the processor time of a run. Returns what removes them.
 */
export const keepTemporaryFilesInMemory = (): (() => void) => {
  if (process.env.TMPDIR !== undefined || !hasRoom()) return () => {};
  removeLeftovers();
  const directory = mkdtempSync(path.join(memory, `ledger-tests-${process.pid}-`));
  // Tests that run as another user pass through.
  chmodSync(directory, 0o755);
  process.env.TMPDIR = directory;
  return () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
};

const hasRoom = (): boolean => {
  try {
    accessSync(memory, constants.W_OK);
    const { bavail, bsize } = statfsSync(memory);
    // Some tests run programs from there.
    const options = / \/dev\/shm \S+ (\S+)/.exec(readFileSync('/proc/mounts', 'utf8'))?.[1] ?? 'noexec';
    return !options.includes('noexec') && Math.min(bavail * bsize, freemem(), memoryLimit()) >= freeBytesMin;
  } catch {
    return false;
  }
};

const memoryLimit = (): number => process.constrainedMemory() || Number.POSITIVE_INFINITY;

/** Removes what a run that was killed has left. */
const removeLeftovers = (): void => {
  for (const name of readdirSync(memory)) {
    const owner = /^ledger-tests-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner)))
      rmSync(path.join(memory, name), { recursive: true, force: true });
  }
};
