import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../event-store.ts';
import { type Whole, writeFacts, writeWhole } from './snapshot-body.ts';
import { type Snapshot, type SnapshotKey, type Snapshots, SnapshotsUnavailable, type Stretch } from './snapshots.ts';

/** A snapshot to save. `whole`: a copy that no longer changes. */
export type ToSave = {
  readonly key: SnapshotKey;
  readonly stretch: Stretch;
  readonly facts: Json | null;
  readonly whole: Whole | null;
};

/** Saves snapshots in the background. One that cannot be saved does not hold up the others. */
export type SaveQueue = {
  readonly add: (toSave: ToSave) => void;
  /** Returns how many whole states wait. Each keeps a copy of a state in memory. */
  readonly wholes: () => number;
  /** Returns true when the last save was long enough ago for writing to take a tenth of the time at most. */
  readonly isRested: () => boolean;
  /** Waits until each snapshot is saved, dropped, or put off because the database does not answer. */
  readonly settled: () => Promise<void>;
  /** Does so for the snapshots of one stream that wait now, and gives up after `timeoutMs`. */
  readonly settledFor: (stream: string, timeoutMs: number) => Promise<void>;
};

/** Makes a queue. It needs no closing. */
export const createSaveQueue = (
  { save }: Pick<Snapshots, 'save'>,
  onError: (error: unknown, stream: string) => void,
): SaveQueue => {
  let waiting: Task[] = [];
  let inHand: readonly Task[] = [];
  let saving: Promise<void> | null = null;
  let restedAtMs = 0;

  /** Takes the next task, and the others of its stream. One that failed before goes alone: the others may be good. */
  const takeNext = (): readonly Task[] => {
    const [first] = waiting;
    if (first === undefined) return [];
    const together = waiting.filter(({ key, failures }) => key.stream === first.key.stream && failures === 0);
    const taken = first.failures > 0 ? [first] : together.slice(0, togetherMax);
    waiting = waiting.filter((other) => !taken.includes(other));
    return taken;
  };

  /** Puts tasks at the end. Only the newest state of a stream is worth writing; the oldest tasks make room. */
  const enqueue = (tasks: readonly Task[]): void => {
    for (const task of tasks) {
      const rivals = waiting.filter(({ key, whole }) => key.stream === task.key.stream && whole !== null);
      const isOutdone = rivals.some(({ stretch }) => stretch.revision > task.stretch.revision);
      if (task.whole !== null && !isOutdone)
        waiting = waiting.flatMap((other) => (rivals.includes(other) ? withoutWhole(other) : [other]));
      waiting.push(...(isOutdone ? withoutWhole(task) : [task]));
    }
    // This leaves a gap in the snapshots. The past is read from the log there.
    for (const dropped of waiting.splice(0, Math.max(0, waiting.length - waitingMax))) dropped.finish();
  };

  const retryLater = (failed: readonly Task[]): void => {
    for (const task of failed) {
      const failures = task.failures + 1;
      // The state is the larger part and the one that may hold what cannot be written: the rest is tried without it.
      const next = failures === 1 ? [{ ...task, failures }] : withoutWhole({ ...task, failures });
      if (failures < failuresMax) enqueue(next);
      else task.finish();
    }
  };

  const saveAll = async (): Promise<void> => {
    for (;;) {
      inHand = takeNext();
      const [first] = inHand;
      if (first === undefined) return;
      const { key } = first;
      const startedMs = performance.now();
      try {
        const written: Snapshot[] = [];
        for (const each of inHand) written.push(await write(each));
        await save(key, written);
        for (const task of inHand) task.finish();
      } catch (error) {
        onError(error, key.stream);
        if (error instanceof SnapshotsUnavailable) {
          // The queue rests until the next task: a database that is down is not called again at once.
          enqueue(inHand);
          for (const task of waiting) task.finish();
          inHand = [];
          return;
        }
        retryLater(inHand);
      } finally {
        restedAtMs = performance.now() + (performance.now() - startedMs) * restFactor;
      }
    }
  };

  return {
    add: (toSave) => {
      enqueue([taskOf(toSave)]);
      saving ??= saveAll().finally(() => {
        saving = null;
      });
    },
    wholes: () => waiting.filter(({ whole }) => whole !== null).length,
    isRested: () => performance.now() >= restedAtMs,
    settled: async () => {
      while (saving !== null) await saving;
    },
    settledFor: async (stream, timeoutMs) => {
      const own = [...inHand, ...waiting].filter(({ key }) => key.stream === stream);
      if (own.length === 0) return;
      const ended = new AbortController();
      const all = Promise.all(own.map(({ finished }) => finished));
      await Promise.race([all, sleep(timeoutMs, undefined, { signal: ended.signal })]);
      ended.abort();
    },
  };
};

type Task = ToSave & {
  readonly failures: number;
  readonly finished: Promise<void>;
  readonly finish: () => void;
};

const taskOf = (toSave: ToSave): Task => {
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { ...toSave, failures: 0, finished, finish };
};

const withoutWhole = (task: Task): Task[] => {
  if (task.facts !== null) return [{ ...task, whole: null }];
  task.finish();
  return [];
};

const write = async ({ key, stretch, facts, whole }: Task): Promise<Snapshot> => ({
  ...stretch,
  facts: facts === null ? null : await writeFacts({ key, at: stretch }, facts),
  whole: whole === null ? null : await writeWhole({ key, at: stretch }, whole),
});

const waitingMax = 100;
const togetherMax = 100;
const failuresMax = 3;

/** While a stream is read from its start, writing whole states takes a tenth of the time at most. */
const restFactor = 9;
