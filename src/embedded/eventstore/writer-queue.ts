import { status } from '@grpc/grpc-js';
import { type Client, DatabaseError } from 'pg';
import { errorText } from '../errors.ts';
import { type Append, type AppendResult, appendBytesMax, recordBytes } from './events.ts';
import { Refusal, unavailable } from './refusal.ts';
import { type WriterState, writeGroup } from './write-group.ts';

/** One transaction takes at most this much; more only makes its first append wait longer. */
const groupAppendsMax = 512;
const groupBytesMax = 4 * appendBytesMax;

/** Beyond this the caller is refused at once instead of being queued past its deadline. */
const queueAppendsMax = 20_000;
const queueBytesMax = 64 * appendBytesMax;

/** The queue of appends: every append to the log passes through it. */
export type WriterQueue = {
  /** Resolves when the append is on disk or refused; rejects with UNAVAILABLE when its outcome is unknown. */
  append(append: Append): Promise<AppendResult>;
  /** Takes no further append; resolves when every queued one is answered. */
  close(): Promise<void>;
  /** Answers every queued append with UNAVAILABLE and takes no further one. */
  fail(reason: Error): void;
};

type Queued = {
  readonly append: Append;
  readonly bytes: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: Error) => void;
};

/**
 * Opens the queue of the single writer, so that positions become visible in the order in which they were assigned. Group
 * commit: the appends that arrive while one transaction is written go into the next.
 */
export const openWriterQueue = (
  db: Client,
  state: WriterState,
  { onCommit, onLost }: { onCommit: (streams: ReadonlySet<string>) => void; onLost: (reason: Error) => void },
): WriterQueue => {
  let queue: Queued[] = [];
  let queueBytes = 0;
  let writing: Promise<void> | undefined;
  let closed: Refusal | undefined;

  const takeGroup = (): Queued[] => {
    let count = 0;
    let bytes = 0;
    for (const queued of queue) {
      if (count === groupAppendsMax || (count > 0 && bytes + queued.bytes > groupBytesMax)) break;
      count += 1;
      bytes += queued.bytes;
    }
    const group = queue.slice(0, count);
    queue = queue.slice(count);
    queueBytes -= bytes;
    return group;
  };

  const fail = (reason: Error) => {
    closed ??= unavailable(`The event store stopped: ${reason.message}. Whether the append was written is unknown`);
    for (const { reject } of queue) reject(closed);
    queue = [];
    queueBytes = 0;
  };

  const writeNext = async () => {
    const group = takeGroup();
    try {
      const { results, streams } = await writeGroup(
        db,
        state,
        group.map(({ append }) => append),
      );
      for (const [index, result] of results.entries()) group[index]?.resolve(result);
      if (streams.size > 0) onCommit(streams);
    } catch (error) {
      if (error instanceof DatabaseError && error.severity === 'ERROR') {
        // Postgres answered, so nothing of the group was written and the connection is good.
        const refusal = new Refusal(status.INTERNAL, `Nothing was written: ${error.message}`);
        for (const { reject } of group) reject(refusal);
        return;
      }
      const reason = new Error(`the connection to Postgres was lost while writing (${errorText(error)})`);
      fail(reason);
      for (const { reject } of group) reject(closed ?? reason);
      onLost(reason);
    }
  };

  const writeAll = async () => {
    // One turn of the event loop, so that all the calls which arrived together share the first transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (queue.length > 0) await writeNext();
    writing = undefined;
  };

  return {
    append: (append) =>
      new Promise((resolve, reject) => {
        const bytes = append.events.reduce((sum, event) => sum + recordBytes(event), 0);
        if (closed) return reject(closed);
        if (queue.length >= queueAppendsMax || queueBytes + bytes > queueBytesMax) {
          return reject(new Refusal(status.RESOURCE_EXHAUSTED, 'Too many appends are waiting; nothing was written'));
        }
        queue.push({ append, bytes, resolve, reject });
        queueBytes += bytes;
        writing ??= writeAll();
      }),
    close: async () => {
      closed ??= unavailable('The event store is shutting down; nothing was written');
      await writing;
    },
    fail,
  };
};
