import { createWakeUp } from '../../async/wake-up.ts';

/** One listener's view of the doorbell: rings since the last `rung()` are remembered, so none is missed in between. */
export type Listener = {
  /** Resolves at the first ring since the last time it resolved, at once if that has been; also when `leave` is called. */
  rung(): Promise<void>;
  /** Rings this listener alone. */
  wake(): void;
  leave(): void;
};

export type Doorbell = {
  /** Tells those who follow the whole log, and those who follow one of these streams, that there is something new. */
  ring(streams: ReadonlySet<string>): void;
  /** Without a stream: rung for every commit. */
  listen(stream?: string): Listener;
};

/** Wakes the subscriptions of this process after a commit. It carries no events: they are read from the log. */
export const doorbell = (): Doorbell => {
  const everything = new Set<() => void>();
  const byStream = new Map<string, Set<() => void>>();

  const enter = (wake: () => void, stream: string | undefined): (() => void) => {
    if (stream === undefined) {
      everything.add(wake);
      return () => everything.delete(wake);
    }
    const listeners = byStream.get(stream) ?? new Set();
    byStream.set(stream, listeners.add(wake));
    return () => {
      listeners.delete(wake);
      if (listeners.size === 0 && byStream.get(stream) === listeners) byStream.delete(stream);
    };
  };

  return {
    ring: (streams) => {
      for (const wake of everything) wake();
      if (byStream.size === 0) return;
      for (const stream of streams) for (const wake of byStream.get(stream) ?? []) wake();
    },
    listen: (stream) => {
      const { wake, wait } = createWakeUp();
      const exit = enter(wake, stream);
      return {
        rung: async () => {
          await wait();
        },
        wake,
        leave: () => {
          exit();
          wake();
        },
      };
    },
  };
};
