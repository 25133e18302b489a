import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** The log files of the embedded mode. Their size is bounded. */
export type LogFiles = {
  /** Takes a line of JSON with its line end. Never throws and never waits; a full disk loses lines. */
  readonly write: (line: string) => void;
  /** Writes from now on. Until then, lines wait: the folder belongs to the process that holds the data directory. */
  readonly start: () => void;
  /** Writes the lines that wait, as far as the disk takes them, and closes the file. */
  readonly close: () => Promise<void>;
};

type Bounds = {
  /** A file that reaches this size is followed by the next one. Default: 10 MB. */
  readonly fileBytesMax?: number;
  /** The number of files that stay. Default: 5. */
  readonly filesMax?: number;
  /** Lines that wait for the disk. Further ones are lost. Default: 1 MB. */
  readonly waitingBytesMax?: number;
  /** The pause after a failed write. Default: 2 s. */
  readonly retryMs?: number;
};

/**
 * Creates the log files in a folder. A line that cannot be written is lost, and the next line that can be says how many
 * were. Files have the mode 0600.
 */
export const createLogFiles = (folder: string, bounds: Bounds = {}): LogFiles => {
  const { waitingBytesMax = 1_000_000, retryMs = 2_000 } = bounds;
  const disk = createDisk(folder, bounds);
  const waiting: Waiting = { lines: [], bytes: 0, lost: 0 };
  let isStarted = false;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<boolean> = Promise.resolve(true);

  const flush = (): Promise<boolean> => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(() => writeWaiting(disk, waiting));
    return writing;
  };
  const flushSoon = (afterMs: number): void => {
    timer ??= setTimeout(async () => {
      const isWritten = await flush();
      if (waiting.lines.length > 0) flushSoon(isWritten ? soonMs : retryMs);
    }, afterMs).unref();
  };
  return {
    write: (line) => {
      const bytes = Buffer.byteLength(line);
      if (waiting.bytes + bytes > waitingBytesMax) {
        waiting.lost += 1;
        return;
      }
      waiting.lines.push(line);
      waiting.bytes += bytes;
      if (isStarted) flushSoon(soonMs);
    },
    start: () => {
      isStarted = true;
      flushSoon(0);
    },
    close: async () => {
      if (isStarted) await flush();
      isStarted = false;
      await disk.close();
    },
  };
};

const soonMs = 50;

type Waiting = { lines: string[]; bytes: number; lost: number };

/** Writes all lines that wait, as one. Returns false when the disk does not take them. */
const writeWaiting = async (disk: Disk, waiting: Waiting): Promise<boolean> => {
  const { lines, lost } = waiting;
  if (lines.length === 0 && lost === 0) return true;
  waiting.lines = [];
  waiting.bytes = 0;
  waiting.lost = 0;
  try {
    await disk.append(`${lost > 0 ? lostLine(lost) : ''}${lines.join('')}`);
    return true;
  } catch {
    waiting.lost += lost + lines.length;
    return false;
  }
};

// The line before may have been cut, so this one begins after a line end.
const lostLine = (lost: number): string =>
  `\n${JSON.stringify({ level: 40, time: new Date().toISOString(), lost, msg: 'Log lines were lost: the disk did not take them.' })}\n`;

type Disk = { readonly append: (text: string) => Promise<void>; readonly close: () => Promise<void> };

type OpenFile = { readonly handle: FileHandle; readonly number: number; bytes: number };

const createDisk = (folder: string, { fileBytesMax = 10_000_000, filesMax = 5 }: Bounds): Disk => {
  let file: OpenFile | null = null;
  const close = async () => {
    const { handle } = file ?? {};
    file = null;
    await handle?.close().catch(() => undefined);
  };
  const openNext = async (text: string): Promise<OpenFile> => {
    const isFull = file !== null && file.bytes > 0 && file.bytes + Buffer.byteLength(text) > fileBytesMax;
    if (file !== null && !isFull) return file;
    const next = file === null ? await newestNumber(folder) : file.number + 1;
    await close();
    const opened = await openFile(folder, next);
    const numbers = logNumbers(await readdir(folder));
    for (const number of numbers)
      if (number <= opened.number - filesMax) await rm(logFile(folder, number), { force: true });
    return opened;
  };
  return {
    append: async (text) => {
      try {
        file = await openNext(text);
        await file.handle.appendFile(text);
        file.bytes += Buffer.byteLength(text);
      } catch (error) {
        await close();
        throw error;
      }
    },
    close,
  };
};

const newestNumber = async (folder: string): Promise<number> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return Math.max(1, ...logNumbers(await readdir(folder)));
};

const openFile = async (folder: string, number: number): Promise<OpenFile> => {
  const handle = await open(logFile(folder, number), 'a', 0o600);
  return { handle, number, bytes: (await handle.stat()).size };
};

/** Returns the path of the log file with a number. Higher numbers are newer. */
export const logFile = (folder: string, number: number): string =>
  path.join(folder, `ledger-${String(number).padStart(6, '0')}.log`);

/** Returns the numbers of the log files among the names in their folder, the oldest first. */
export const logNumbers = (names: readonly string[]): readonly number[] =>
  names
    .flatMap((name) => {
      const [, number] = /^ledger-(\d{6,})\.log$/.exec(name) ?? [];
      return number === undefined ? [] : [Number(number)];
    })
    .toSorted((a, b) => a - b);
