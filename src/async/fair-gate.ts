/** Lets a limited number of works run at a time. Works that wait take turns by key, and in order within a key. */
export type FairGate = <Result>(key: string, work: () => Promise<Result>) => Promise<Result>;

/** Returns a gate that lets `max` works run at a time. A key with many works delays another key by one work only. */
export const createFairGate = (max: number): FairGate => {
  const queues = new Map<string, (() => void)[]>();
  let running = 0;

  const startNext = (): void => {
    for (const [key, queue] of queues) {
      if (running >= max) return;
      queues.delete(key);
      const start = queue.shift();
      // The key goes behind the keys that wait already. The loop meets it again there.
      if (queue.length > 0) queues.set(key, queue);
      start?.();
    }
  };

  return (key, work) =>
    new Promise((resolve, reject) => {
      const start = (): void => {
        running += 1;
        work()
          .then(resolve, reject)
          .finally(() => {
            running -= 1;
            startNext();
          });
      };
      const queue = queues.get(key);
      if (queue === undefined) queues.set(key, [start]);
      else queue.push(start);
      startNext();
    });
};
