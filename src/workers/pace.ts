import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';

/** Runs one piece of work at a time, in the order of the calls, and pauses after each one in proportion to its time. */
export type Pace = <Result>(work: () => Promise<Result>, signal?: AbortSignal) => Promise<Result>;

/** How much of its time a worker announces what one command has ended. Commands of others need the rest. */
export const announcingShare = 0.25;

/**
 * Creates a pace that works for at most `share` of the time; 1 means without pauses. The signal ends a pause, and not
 * the work.
 */
export const createPace = (share: number): Pace => {
  const oneAtATime = pLimit(1);
  return (work, signal) =>
    new Promise((resolve, reject) => {
      void oneAtATime(async () => {
        const startedMs = performance.now();
        await work().then(resolve, reject);
        const pauseMs = (performance.now() - startedMs) * (1 / share - 1);
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      });
    });
};
