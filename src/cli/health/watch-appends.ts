import { saysDiskFull } from '../../eventstore/disk-full.ts';
import type { EventStore } from '../../eventstore/event-store.ts';

/** A store, and what its appends tell of its disk. */
export type WatchedStore<Store extends EventStore> = {
  readonly store: Store;
  /**
   * Returns true when the last append that ended failed because the disk of the store is full, less than a minute ago. A
   * process that appends nothing would otherwise report the disk for ever.
   */
  readonly isDiskFull: () => boolean;
};

/** Watches the appends to a store, because nothing else tells that its disk is full. */
export const watchAppends = <Store extends EventStore>(
  store: Store,
  nowMs: () => number = () => performance.now(),
): WatchedStore<Store> => {
  let fullAtMs: number | null = null;
  return {
    store: {
      ...store,
      append: async (...appended) => {
        try {
          const result = await store.append(...appended);
          fullAtMs = null;
          return result;
        } catch (error) {
          fullAtMs = saysDiskFull(error) ? nowMs() : null;
          throw error;
        }
      },
    },
    isDiskFull: () => fullAtMs !== null && nowMs() - fullAtMs < knownForMs,
  };
};

const knownForMs = 60_000;
