import { StoreUnavailable } from '../event-store.ts';

/** The time by which a caller gets the answer to a command or a read. */
export type Deadline = {
  /** By the clock of `performance.now`. */
  readonly atMs: number;
  /** The caller has got an error, because nothing was done in time. */
  isPast: boolean;
  /** Events of the command are being appended. The append ends by the deadline, and its outcome is the answer. */
  isAppending: boolean;
};

/**
 * Returns what `run` returns. Rejects with StoreUnavailable after `limitMs`, unless events are being appended then. It is
 * for the wait in the queue, too.
 */
export const withDeadline = async <Result>(
  limitMs: number,
  run: (deadline: Deadline) => Promise<Result>,
): Promise<Result> => {
  const deadline: Deadline = { atMs: performance.now() + limitMs, isPast: false, isAppending: false };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      if (deadline.isAppending) return;
      deadline.isPast = true;
      reject(tooLate());
    }, limitMs);
  });
  try {
    return await Promise.race([run(deadline), late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Returns the milliseconds until a deadline. Negative after it. */
export const remainingMs = ({ atMs }: Deadline): number => atMs - performance.now();

/** Returns the error for a command that was not carried out by its deadline. */
export const tooLate = (): StoreUnavailable =>
  new StoreUnavailable('The event store did not answer in time, so nothing was done. Try again.');
