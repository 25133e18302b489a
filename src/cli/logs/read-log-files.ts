import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import { logFile, logNumbers } from './log-files.ts';

/** Yielded once, when all lines that the files had at the start were read. */
export const caughtUp = Symbol('caught up');

type Options = {
  /** Waits for further lines until the signal aborts. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Skips files without a line at or after this instant, in milliseconds. */
  readonly sinceMs?: number | null;
};

/** Returns true when a folder has log files. */
export const hasLogFiles = async (folder: string): Promise<boolean> => (await numbersIn(folder)).length > 0;

/** Yields the lines of the log files in a folder, the oldest first. Reads on in the next file when one is full. */
export async function* readLogFiles(
  folder: string,
  { follow, signal, sinceMs = null }: Options,
): AsyncGenerator<string | typeof caughtUp, void, undefined> {
  let number = await firstNumber(folder, sinceMs);
  let isCaughtUp = false;
  while (!signal.aborted) {
    const file = await openTail(folder, number);
    try {
      for (;;) {
        // Read before the lines are: a file that has a next one gets no further line.
        const next = await nextNumber(folder, number);
        yield* file.lines();
        if (next !== null) {
          yield* file.rest();
          number = next;
          break;
        }
        if (!isCaughtUp) yield caughtUp;
        isCaughtUp = true;
        if (!follow || signal.aborted) return;
        await delay(pollMs, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      await file.close();
    }
  }
}

const pollMs = 200;

type Tail = {
  /** Yields the whole lines that were not read yet. */
  readonly lines: () => AsyncGenerator<string>;
  /** Yields the last line when it has no end. */
  readonly rest: () => Generator<string>;
  readonly close: () => Promise<void>;
};

/** Opens a file. A file that does not exist, because newer ones replaced it, has no lines. */
const openTail = async (folder: string, number: number): Promise<Tail> => {
  let handle: FileHandle | null = null;
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return {
    lines: async function* () {
      handle ??= await openIfThere(logFile(folder, number));
      for (;;) {
        const { bytesRead, buffer } = (await handle?.read({ buffer: Buffer.alloc(chunkBytes) })) ?? noBytes;
        if (bytesRead === 0) return;
        const parts = `${rest}${decoder.write(buffer.subarray(0, bytesRead))}`.split('\n');
        rest = parts.pop() ?? '';
        for (const line of parts) if (line !== '') yield line;
      }
    },
    rest: function* () {
      if (rest !== '') yield rest;
    },
    close: async () => handle?.close(),
  };
};

const chunkBytes = 65_536;
const noBytes = { bytesRead: 0, buffer: Buffer.alloc(0) };

const openIfThere = async (file: string): Promise<FileHandle | null> => {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};

const firstNumber = async (folder: string, sinceMs: number | null): Promise<number> => {
  const numbers = await numbersIn(folder);
  for (const number of numbers) {
    const changed = await stat(logFile(folder, number)).catch(() => null);
    if (changed !== null && (sinceMs === null || changed.mtimeMs >= sinceMs)) return number;
  }
  return numbers.at(-1) ?? 1;
};

/** Returns the number of the next file, or null. After a reset the numbers begin again. */
const nextNumber = async (folder: string, number: number): Promise<number | null> => {
  const numbers = await numbersIn(folder);
  const next = numbers.find((other) => other > number);
  return next ?? (numbers.includes(number) ? null : (numbers.at(0) ?? null));
};

const numbersIn = async (folder: string): Promise<readonly number[]> => {
  try {
    return logNumbers(await readdir(folder));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
