import { createWakeUp } from '../../async/wake-up.ts';

/** A listener of the notifier. It remembers commits between two calls of `notified`, so it misses none. */
export type Listener = {
  /** Resolves at the first commit since it last resolved, or when `leave` is called. */
  notified(): Promise<void>;
  /** Wakes this listener alone. */
  wake(): void;
  /** Removes the listener and wakes it. */
  leave(): void;
};

/** Tells listeners about commits. */
export type CommitNotifier = {
  /** Wakes the listeners of the whole log and the listeners of these streams. */
  notify(streams: ReadonlySet<string>): void;
  /** Adds a listener for one stream, or for every commit when `stream` is absent. */
  listen(stream?: string): Listener;
};

/**
 * Creates a notifier, which wakes the subscriptions of this process after a commit. They read the events from the log.
 */
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
