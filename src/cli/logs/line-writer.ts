import fs from 'node:fs';

/** Writes lines to a file descriptor in the background, in their order. */
export type LineWriter = {
  /** Takes a text with its line end. Never throws and never waits. */
  readonly write: (text: string) => void;
  /** Calls `done` when all lines are written, when the descriptor takes none, or after two seconds. */
  readonly flush: (done: () => void) => void;
  /** Writes the lines that wait, now. Gives up when the descriptor does not take them. Never throws. */
  readonly flushSync: () => void;
};

type Needs = {
  /** Lines that wait for the descriptor. Further ones are lost. Default: 4 MB. */
  readonly waitingBytesMax?: number;
  /** The calls of the system. Tests replace them. */
  readonly system?: Pick<typeof fs, 'write' | 'writeSync'>;
};

/**
 * Creates a writer. A full disk loses lines, and the next line after them says how many. When the reader of a terminal
 * or a pipe has left, the writer drops every further line.
 */
export const createLineWriter = (fd: number, { waitingBytesMax = 4_000_000, system = fs }: Needs = {}): LineWriter => {
  let waiting: string[] = [];
  let waitingBytes = 0;
  let lost = 0;
  /** What the write in flight, or the last write that failed, has left over. */
  let rest: Buffer = empty;
  let isWriting = false;
  let isMute = false;
  let onSettled: (() => void)[] = [];

  const take = (): Buffer => {
    const taken = Buffer.from(`${waiting.join('')}${lost > 0 ? lostLine(lost) : ''}`);
    waiting = [];
    waitingBytes = 0;
    lost = 0;
    return taken;
  };
  const settle = (): void => {
    const settled = onSettled;
    onSettled = [];
    for (const done of settled) done();
  };
  const fail = (error: unknown): void => {
    if (!readerLeft.has(codeOf(error))) return;
    isMute = true;
    take();
    rest = empty;
  };
  const next = (): void => {
    if (isWriting) return;
    if (rest.length === 0 && !isMute) rest = take();
    if (rest.length === 0) {
      settle();
      return;
    }
    isWriting = true;
    system.write(fd, rest, (error, written) => {
      isWriting = false;
      if (error === null) {
        rest = rest.subarray(written);
        next();
      } else if (busy.has(codeOf(error))) {
        const timer = setTimeout(next, retryMs);
        // A flush that waits must keep the process alive until it has called back.
        if (onSettled.length === 0) timer.unref();
      } else {
        fail(error);
        settle();
      }
    });
  };
  const writeNow = (text: Buffer): Buffer => {
    const until = Date.now() + busyMsMax;
    let left = text;
    while (left.length > 0) {
      try {
        left = left.subarray(system.writeSync(fd, left));
      } catch (error) {
        if (busy.has(codeOf(error)) && Date.now() < until) pause();
        else {
          fail(error);
          return isMute ? empty : left;
        }
      }
    }
    return left;
  };
  return {
    write: (text) => {
      if (isMute) return;
      const bytes = Buffer.byteLength(text);
      if (waitingBytes + bytes > waitingBytesMax) lost += 1;
      else {
        waiting.push(text);
        waitingBytes += bytes;
      }
      next();
    },
    flush: (done) => {
      let isDone = false;
      const once = () => {
        if (!isDone) done();
        isDone = true;
      };
      onSettled.push(once);
      const timer = setTimeout(once, flushMsMax);
      onSettled.push(() => clearTimeout(timer));
      next();
    },
    flushSync: () => {
      if (isMute) return;
      // Another thread writes the rest at this moment.
      if (!isWriting) rest = writeNow(rest);
      if (isMute || (!isWriting && rest.length > 0)) return;
      const left = writeNow(take());
      if (left.length === 0) return;
      waiting.unshift(left.toString());
      waitingBytes += left.length;
    },
  };
};

const empty = Buffer.alloc(0);

// Nobody reads a terminal or a pipe that has closed, and a closed descriptor stays closed.
const readerLeft: ReadonlySet<string> = new Set(['EPIPE', 'EIO', 'EBADF']);
const busy: ReadonlySet<string> = new Set(['EAGAIN', 'EBUSY']);
const retryMs = 100;
const busyMsMax = 1_000;
const flushMsMax = 2_000;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const pause = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);

const lostLine = (lost: number): string =>
  `${JSON.stringify({ level: 40, time: new Date().toISOString(), lost, msg: 'Log lines were lost: standard error did not take them.' })}\n`;
