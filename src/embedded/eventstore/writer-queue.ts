import { status } from '@grpc/grpc-js';
import { type Client, DatabaseError } from 'pg';
import { errorText } from '../errors.ts';
import { type Append, type AppendResult, appendBytesMax, recordBytes } from './events.ts';
import { Refusal, unavailable } from './grpc-refusal.ts';
import { writeGroup } from './write-group.ts';
import type { WriterState } from './writer-state.ts';

/** The most that one transaction takes. A larger one would only delay its first append. */
const groupAppendsMax = 512;
const groupBytesMax = 4 * appendBytesMax;

/** Above these limits a caller is refused at once, because its append would wait longer than its deadline. */
const queueAppendsMax = 20_000;
const queueBytesMax = 64 * appendBytesMax;

/** The queue of appends: every append to the log passes through it. */
export type WriterQueue = {
  /** Resolves when the append is on disk or refused. Rejects with UNAVAILABLE when its outcome is unknown. */
  append(append: Append): Promise<AppendResult>;
  /** Refuses new appends. Resolves when every queued append is answered. */
  close(): Promise<void>;
  /** Answers every queued append with UNAVAILABLE and refuses new ones. */
  fail(reason: Error): void;
  /** Asks Postgres for an answer, unless it owes one. */
  ask(): void;
  /** Returns for how long, in milliseconds, Postgres has owed an answer. */
  owedMs(): number;
};

/** The single writer of the log, and what to call after a commit and when its connection is lost. */
type Writer = {
  readonly db: Client;
  readonly state: WriterState;
  readonly onCommit: (streams: ReadonlySet<string>) => void;
  readonly onLost: (reason: Error) => void;
};

type Queued = {
  readonly append: Append;
  readonly bytes: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: Error) => void;
};

type Queue = {
  waiting: Queued[];
  /** The bytes of all waiting appends. */
  bytes: number;
  /** Resolves when no append waits; undefined when nothing is being written. */
  writing: Promise<void> | undefined;
  /** When Postgres was asked for what it has not answered yet, or null. */
  askedAt: number | null;
  /** The answer to new appends once the queue is closed. */
  closed: Refusal | undefined;
};

/**
 * Opens the queue of the single writer, so that positions become visible in the order in which they were assigned.
 * Group commit: the appends that arrive during one transaction go into the next.
 */
export const openWriterQueue = (
  db: Client,
  state: WriterState,
  { onCommit, onLost }: Pick<Writer, 'onCommit' | 'onLost'>,
): WriterQueue => {
  const writer: Writer = { db, state, onCommit, onLost };
  const queue: Queue = { waiting: [], bytes: 0, writing: undefined, askedAt: null, closed: undefined };
  return {
    append: (append) =>
      new Promise((resolve, reject) => {
        const bytes = append.events.reduce((sum, event) => sum + recordBytes(event), 0);
        if (queue.closed) return reject(queue.closed);
        if (queue.waiting.length >= queueAppendsMax || queue.bytes + bytes > queueBytesMax) {
          return reject(new Refusal(status.RESOURCE_EXHAUSTED, 'Too many appends are waiting; nothing was written'));
        }
        queue.waiting.push({ append, bytes, resolve, reject });
        queue.bytes += bytes;
        queue.writing ??= writeAll(writer, queue);
      }),
    close: async () => {
      queue.closed ??= unavailable('The event store is shutting down; nothing was written');
      await queue.writing;
    },
    fail: (reason) => failAll(queue, reason),
    ask: () => {
      queue.writing ??= askThenWrite(writer, queue);
    },
    owedMs: () => (queue.askedAt === null ? 0 : performance.now() - queue.askedAt),
  };
};

const askThenWrite = async (writer: Writer, queue: Queue): Promise<void> => {
  queue.askedAt = performance.now();
  // The connection itself reports that it is lost.
  await writer.db.query('select 1').catch(() => {});
  queue.askedAt = null;
  await writeAll(writer, queue);
};

const writeAll = async (writer: Writer, queue: Queue): Promise<void> => {
  // After one turn of the event loop, all calls that arrived together share the first transaction.
  await new Promise((resolve) => setImmediate(resolve));
  while (queue.waiting.length > 0) await writeNext(writer, queue);
  queue.writing = undefined;
};

/** Writes the next group and answers its appends. */
const writeNext = async ({ db, state, onCommit, onLost }: Writer, queue: Queue): Promise<void> => {
  const group = takeGroup(queue);
  queue.askedAt = performance.now();
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
      // Postgres answered, so nothing of the group was written and the connection still works.
      const refusal = refusalOf(error);
      for (const { reject } of group) reject(refusal);
      return;
    }
    const reason = new Error(`the connection to Postgres was lost while writing (${errorText(error)})`);
    failAll(queue, reason);
    for (const { reject } of group) reject(queue.closed ?? reason);
    onLost(reason);
  } finally {
    queue.askedAt = null;
  }
};

const refusalOf = ({ code, message }: DatabaseError): Refusal =>
  code === diskFull
    ? new Refusal(status.RESOURCE_EXHAUSTED, `Nothing was written: the disk is full (${message})`)
    : new Refusal(status.INTERNAL, `Nothing was written: ${message}`);

// SQLSTATE disk_full.
const diskFull = '53100';

/** Removes the first appends from the queue, as many as one transaction takes, and returns them. */
const takeGroup = (queue: Queue): Queued[] => {
  let count = 0;
  let bytes = 0;
  for (const queued of queue.waiting) {
    if (count === groupAppendsMax || (count > 0 && bytes + queued.bytes > groupBytesMax)) break;
    count += 1;
    bytes += queued.bytes;
  }
  const group = queue.waiting.slice(0, count);
  queue.waiting = queue.waiting.slice(count);
  queue.bytes -= bytes;
  return group;
};

const failAll = (queue: Queue, reason: Error): void => {
  queue.closed ??= unavailable(`The event store stopped: ${reason.message}. Whether the append was written is unknown`);
  for (const { reject } of queue.waiting) reject(queue.closed);
  queue.waiting = [];
  queue.bytes = 0;
};
