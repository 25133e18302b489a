import { OutcomeUnknown, StoreUnavailable } from '../event-store.ts';

/** The time by which a caller gets the answer to a command or a read. */
export type Deadline = {
  /** By the clock of `performance.now`. */
  readonly atMs: number;
  /** The caller has got an error, because it was not answered in time. */
  isPast: boolean;
  /** Events of the command are being appended, so after the deadline nobody knows the outcome. */
  isAppending: boolean;
};

/**
 * Returns what `run` returns. Rejects after `limitMs`, the wait in the queue included: with OutcomeUnknown while events are
 * being appended, which go on for the other commands of their batch, and otherwise with StoreUnavailable.
 */
export const withDeadline = async <Result>(
  limitMs: number,
  run: (deadline: Deadline) => Promise<Result>,
): Promise<Result> => {
  const deadline: Deadline = { atMs: performance.now() + limitMs, isPast: false, isAppending: false };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      deadline.isPast = true;
      reject(deadline.isAppending ? unknownInTime() : tooLate());
    }, limitMs);
  });
  try {
    return await Promise.race([run(deadline), late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Returns the error for a command that was not carried out by its deadline. */
export const tooLate = (): StoreUnavailable =>
  new StoreUnavailable('The event store did not answer in time. Try again.');

const unknownInTime = (): OutcomeUnknown =>
  new OutcomeUnknown('The event store did not confirm an append in time, so it is not known whether it happened.');
