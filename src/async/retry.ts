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

/**
 * Calls `attempt` until it returns a value, with a pause of `everyMs` after each call. Returns null when it has not after
 * `forMs`.
 */
export const poll = async <Value>(
  attempt: () => Promise<Value | null>,
  { everyMs, forMs }: { readonly everyMs: number; readonly forMs: number },
): Promise<Value | null> => {
  const until = performance.now() + forMs;
  for (;;) {
    const value = await attempt();
    if (value !== null || performance.now() + everyMs >= until) return value;
    await delay(everyMs);
  }
};
