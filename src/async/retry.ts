import { setTimeout as delay } from 'node:timers/promises';

/**
 * Calls `attempt` until it succeeds and returns its result. After each failure `pauseAfter` returns the milliseconds to
 * wait before the next call, or null to give up. Throws the last error of `attempt`, or what `pauseAfter` throws.
 */
export const retry = async <Result>(
  attempt: (number: number) => Promise<Result>,
  pauseAfter: (error: unknown, failures: number) => number | null,
): Promise<Result> => {
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      const pauseMs = pauseAfter(error, number);
      if (pauseMs === null) throw error;
      if (pauseMs > 0) await delay(pauseMs);
    }
  }
};
