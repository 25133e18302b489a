/** Work could not begin in time, because others did work for the same key. Nothing was done. Try again later. */
export class WaitedTooLong extends Error {
  override readonly name = 'WaitedTooLong';
}

/**
 * Runs work for a key alone in this process, in the order of the calls. Use it where the work would wait for a lock in
 * Postgres: it waits here without a connection. Throws WaitedTooLong when the work could not begin within `waitMs`, by
 * default 10 seconds.
 */
export type KeyedQueue = <Result>(key: string, work: () => Promise<Result>, waitMs?: number) => Promise<Result>;

/** Creates an empty queue of this process. */
export const createKeyedQueue = (): KeyedQueue => {
  const waitingByKey = new Map<string, (() => void)[]>();

  const letNextIn = (key: string): void => {
    const next = waitingByKey.get(key)?.shift();
    if (next === undefined) waitingByKey.delete(key);
    else next();
  };
  const enter = (key: string, waitMs: number): Promise<void> => {
    const waiting = waitingByKey.get(key);
    if (waiting === undefined) {
      waitingByKey.set(key, []);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const start = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(start), 1);
        reject(new WaitedTooLong('Other requests change the same at this moment. Nothing was changed. Try again.'));
      }, waitMs);
      waiting.push(start);
    });
  };

  return async (key, work, waitMs = waitDefaultMs) => {
    await enter(key, waitMs);
    try {
      return await work();
    } finally {
      letNextIn(key);
    }
  };
};

const waitDefaultMs = 10_000;
