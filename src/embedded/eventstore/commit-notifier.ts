import { createWakeUp } from '../../async/wake-up.ts';

/** A listener of the notifier. It remembers a commit since the last `notified()`, so that it misses none in between. */
export type Listener = {
  /** Resolves at the first commit since it last resolved, at once when there was one; also when `leave` is called. */
  notified(): Promise<void>;
  /** Wakes this listener alone. */
  wake(): void;
  leave(): void;
};

export type CommitNotifier = {
  /** Wakes the listeners of the whole log, and those of these streams. */
  notify(streams: ReadonlySet<string>): void;
  /** Adds a listener; without a stream, one of every commit. */
  listen(stream?: string): Listener;
};

/** Wakes the subscriptions of this process after a commit. It carries no events: they are read from the log. */
export const createCommitNotifier = (): CommitNotifier => {
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
    notify: (streams) => {
      for (const wake of everything) wake();
      if (byStream.size === 0) return;
      for (const stream of streams) for (const wake of byStream.get(stream) ?? []) wake();
    },
    listen: (stream) => {
      const { wake, wait } = createWakeUp();
      const exit = enter(wake, stream);
      return {
        notified: async () => {
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
