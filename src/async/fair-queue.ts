/**
 * Thrown for work that was not begun: too much waits, or it has waited for too long. `isOwn` is true when work of the
 * same key is the reason, and false when work of others is.
 */
export class NotBegun extends Error {
  override readonly name = 'NotBegun';
  readonly isOwn: boolean;
  constructor(isOwn: boolean) {
    super(isOwn ? 'Too much work of this key is under way.' : 'Too much work is under way.');
    this.isOwn = isOwn;
  }
}

/** Runs work in turns that are fair between keys. */
export type FairQueue = {
  /** Does `work` in its turn. Throws NotBegun, and what `work` throws. */
  readonly run: <Result>(key: string, work: () => Promise<Result>) => Promise<Result>;
};

/** The numbers of running and waiting works, in all and of one key, and the longest wait. */
export type FairQueueLimits = {
  readonly runningMax: number;
  readonly runningMaxPerKey: number;
  readonly waitingMax: number;
  readonly waitingMaxPerKey: number;
  readonly waitMsMax: number;
};

type Waiting = { readonly begin: () => void; readonly refuse: () => void };

/**
 * Creates a queue. Keys with waiting work take turns, so a key with little work waits for one turn of each other key.
 * When all places are taken, new work takes the place of the newest work of the key that has the most.
 */
export const createFairQueue = (limits: FairQueueLimits): FairQueue => {
  const running = new Map<string, number>();
  // In the order of their turns.
  const waiting = new Map<string, Waiting[]>();
  let runningCount = 0;
  let waitingCount = 0;

  const mayBegin = (key: string): boolean =>
    runningCount < limits.runningMax && (running.get(key) ?? 0) < limits.runningMaxPerKey;
  const isOwn = (key: string): boolean => (running.get(key) ?? 0) >= limits.runningMaxPerKey;
  const remove = (key: string, one: Waiting): boolean => {
    const line = waiting.get(key);
    const at = line?.indexOf(one) ?? -1;
    if (line === undefined || at === -1) return false;
    line.splice(at, 1);
    waitingCount -= 1;
    if (line.length === 0) waiting.delete(key);
    return true;
  };
  const beginNext = (): void => {
    for (const [key, line] of waiting) {
      const [first] = line;
      if (first === undefined || !mayBegin(key)) continue;
      remove(key, first);
      // The key waits behind all others for its next turn.
      if (waiting.delete(key)) waiting.set(key, line);
      first.begin();
      return;
    }
  };
  const makeRoom = (key: string): boolean => {
    const own = waiting.get(key)?.length ?? 0;
    if (own >= limits.waitingMaxPerKey) return false;
    if (waitingCount < limits.waitingMax) return true;
    const [longest = []] = [...waiting.values()].sort((a, b) => b.length - a.length);
    if (longest.length <= own + 1) return false;
    longest.at(-1)?.refuse();
    return true;
  };
  const turn = (key: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const own = (waiting.get(key)?.length ?? 0) >= limits.waitingMaxPerKey;
      if (!makeRoom(key)) return reject(new NotBegun(own));
      const refuse = () => {
        clearTimeout(timer);
        if (remove(key, one)) reject(new NotBegun(isOwn(key)));
      };
      const timer = setTimeout(refuse, limits.waitMsMax);
      const begin = () => {
        clearTimeout(timer);
        start(key);
        resolve();
      };
      const one = { begin, refuse };
      waiting.set(key, [...(waiting.get(key) ?? []), one]);
      waitingCount += 1;
    });
  const start = (key: string): void => {
    runningCount += 1;
    running.set(key, (running.get(key) ?? 0) + 1);
  };
  const end = (key: string): void => {
    runningCount -= 1;
    const rest = (running.get(key) ?? 0) - 1;
    if (rest > 0) running.set(key, rest);
    else running.delete(key);
    beginNext();
  };

  return {
    run: async (key, work) => {
      if (mayBegin(key)) start(key);
      else await turn(key);
      try {
        return await work();
      } finally {
        end(key);
      }
    },
  };
};
