/** Lets one caller at a time in for each key, in the order of their calls. */
export type KeyedQueue = {
  /**
   * Resolves with what lets the next caller in, when it is the caller's turn. Returns null when that takes longer than
   * `waitMs`.
   */
  readonly enter: (key: string, waitMs: number) => Promise<(() => void) | null>;
};

/** Creates an empty queue of this process. */
export const createKeyedQueue = (): KeyedQueue => {
  const waitingByKey = new Map<string, (() => void)[]>();

  const leaveOnce = (key: string): (() => void) => {
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      const next = waitingByKey.get(key)?.shift();
      if (next === undefined) waitingByKey.delete(key);
      else next();
    };
  };

  return {
    enter: async (key, waitMs) => {
      const waiting = waitingByKey.get(key);
      if (waiting === undefined) {
        waitingByKey.set(key, []);
        return leaveOnce(key);
      }
      return new Promise((resolve) => {
        const start = (): void => {
          clearTimeout(timer);
          resolve(leaveOnce(key));
        };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(start), 1);
          resolve(null);
        }, waitMs);
        waiting.push(start);
      });
    },
  };
};
