import type { Json } from '../event-store.ts';
import type { Whole } from './snapshot-body.ts';
import type { SnapshotKey, Stretch } from './snapshots.ts';

/** A snapshot to save. `whole`: a copy that no longer changes. */
export type ToSave = {
  readonly key: SnapshotKey;
  readonly stretch: Stretch;
  readonly facts: Json | null;
  readonly whole: Whole | null;
};

/** A snapshot that waits to be saved. `finished` resolves when it was saved, dropped or put off. */
export type Task = ToSave & {
  readonly failures: number;
  readonly finished: Promise<void>;
  readonly finish: () => void;
};

/** Creates the task of saving a snapshot. */
export const taskOf = (toSave: ToSave): Task => {
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { ...toSave, failures: 0, finished, finish };
};

/**
 * Removes from `waiting` the first task and the other tasks of its stream, and returns them. A task that failed before
 * is returned alone, because the others may be good.
 */
export const takeNext = (waiting: Task[]): readonly Task[] => {
  const [first] = waiting;
  if (first === undefined) return [];
  const together = waiting.filter(({ key, failures }) => key.stream === first.key.stream && failures === 0);
  const taken = first.failures > 0 ? [first] : together.slice(0, togetherMax);
  replaceAll(
    waiting,
    waiting.filter((task) => !taken.includes(task)),
  );
  return taken;
};

/** Adds tasks at the end of `waiting`. When there are too many, drops the oldest. */
export const enqueue = (waiting: Task[], tasks: readonly Task[]): void => {
  for (const task of tasks) addTask(waiting, task);
  // A dropped task leaves a gap in the snapshots. There, the past is read from the log.
  for (const dropped of waiting.splice(0, Math.max(0, waiting.length - waitingMax))) dropped.finish();
};

/** Adds a task. Of the whole states of one stream only the newest is worth saving, so older ones are removed. */
const addTask = (waiting: Task[], task: Task): void => {
  const rivals = waiting.filter(({ key, whole }) => key.stream === task.key.stream && whole !== null);
  const isOutdated = rivals.some(({ stretch }) => stretch.revision > task.stretch.revision);
  if (task.whole !== null && !isOutdated)
    replaceAll(
      waiting,
      waiting.flatMap((other) => (rivals.includes(other) ? withoutWhole(other) : [other])),
    );
  waiting.push(...(isOutdated ? withoutWhole(task) : [task]));
};

/**
 * Adds failed tasks again. After the second failure a task continues without its whole state; after the third it ends.
 */
export const retryLater = (waiting: Task[], failed: readonly Task[]): void => {
  for (const task of failed) {
    const failures = task.failures + 1;
    // The state is the larger part, and the part that may contain what cannot be written.
    const next = failures === 1 ? [{ ...task, failures }] : withoutWhole({ ...task, failures });
    if (failures < failuresMax) enqueue(waiting, next);
    else task.finish();
  }
};

/** Returns the task without its whole state. Finishes it when nothing is left to save. */
const withoutWhole = (task: Task): Task[] => {
  if (task.facts !== null) return [{ ...task, whole: null }];
  task.finish();
  return [];
};

const replaceAll = (waiting: Task[], tasks: readonly Task[]): void => {
  waiting.splice(0, waiting.length, ...tasks);
};

const waitingMax = 100;
const togetherMax = 100;
const failuresMax = 3;
