import { setTimeout as sleep } from 'node:timers/promises';
import { writeFacts, writeWhole } from './snapshot-body.ts';
import { type Snapshot, type Snapshots, SnapshotsUnavailable } from './snapshots.ts';
import { enqueue, retryLater, type Task, type ToSave, takeNext, taskOf } from './waiting-snapshots.ts';

/** Saves snapshots in the background. One that cannot be saved does not hold up the others. */
export type SaveQueue = {
  readonly add: (toSave: ToSave) => void;
  /** Returns how many whole states wait. Each is a copy of a state in memory. */
  readonly wholes: () => number;
  /** Returns true when the last save was long enough ago for saving to take a tenth of the time at most. */
  readonly isRested: () => boolean;
  /** Waits until each snapshot is saved, dropped, or put off because the database does not answer. */
  readonly settled: () => Promise<void>;
  /** Does the same for the snapshots of one stream that wait now. Gives up after `timeoutMs`. */
  readonly settledFor: (stream: string, timeoutMs: number) => Promise<void>;
};

/** Creates a queue. It needs no closing. */
export const createSaveQueue = (
  snapshots: Pick<Snapshots, 'save'>,
  onError: (error: unknown, stream: string) => void,
): SaveQueue => {
  const queue: Queue = { waiting: [], inHand: [], restedAtMs: 0 };
  let saving: Promise<void> | null = null;
  return {
    add: (toSave) => {
      enqueue(queue.waiting, [taskOf(toSave)]);
      saving ??= saveAll(queue, snapshots, onError).finally(() => {
        saving = null;
      });
    },
    wholes: () => queue.waiting.filter(({ whole }) => whole !== null).length,
    isRested: () => performance.now() >= queue.restedAtMs,
    settled: async () => {
      while (saving !== null) await saving;
    },
    settledFor: async (stream, timeoutMs) => {
      const own = [...queue.inHand, ...queue.waiting].filter(({ key }) => key.stream === stream);
      if (own.length === 0) return;
      const ended = new AbortController();
      const all = Promise.all(own.map(({ finished }) => finished));
      await Promise.race([all, sleep(timeoutMs, undefined, { signal: ended.signal })]);
      ended.abort();
    },
  };
};

/** The tasks of a queue: those that wait, and those that are being saved. */
type Queue = {
  readonly waiting: Task[];
  inHand: readonly Task[];
  /** When the next whole state may be written, on the clock of `performance.now()`. */
  restedAtMs: number;
};

/** Saves tasks until none waits or the database does not answer. The next task starts it again. */
const saveAll = async (
  queue: Queue,
  snapshots: Pick<Snapshots, 'save'>,
  onError: (error: unknown, stream: string) => void,
): Promise<void> => {
  for (;;) {
    queue.inHand = takeNext(queue.waiting);
    const [first] = queue.inHand;
    if (first === undefined) return;
    const startedMs = performance.now();
    try {
      await saveTogether(snapshots, first.key, queue.inHand);
      for (const task of queue.inHand) task.finish();
    } catch (error) {
      onError(error, first.key.stream);
      if (error instanceof SnapshotsUnavailable) {
        putOff(queue);
        return;
      }
      retryLater(queue.waiting, queue.inHand);
    } finally {
      queue.restedAtMs = performance.now() + (performance.now() - startedMs) * restFactor;
    }
  }
};

const saveTogether = async ({ save }: Pick<Snapshots, 'save'>, key: Task['key'], tasks: readonly Task[]) => {
  const written: Snapshot[] = [];
  for (const task of tasks) written.push(await write(task));
  await save(key, written);
};

/** Lets all tasks wait for the next one, so that a database that is down is not called again at once. */
const putOff = (queue: Queue): void => {
  enqueue(queue.waiting, queue.inHand);
  for (const task of queue.waiting) task.finish();
  queue.inHand = [];
};

const write = async ({ key, stretch, facts, whole }: Task): Promise<Snapshot> => ({
  ...stretch,
  facts: facts === null ? null : await writeFacts({ key, at: stretch }, facts),
  whole: whole === null ? null : await writeWhole({ key, at: stretch }, whole),
});

/** While a stream is read from its start, writing whole states takes a tenth of the time at most. */
const restFactor = 9;
