import { saysDiskFull } from '../../eventstore/disk-full.ts';
import type { EventStore } from '../../eventstore/event-store.ts';

/** A store, and what its appends tell of its disk. */
export type WatchedStore<Store extends EventStore> = {
  readonly store: Store;
  /** Returns true when the last append that ended failed because the disk of the store is full. */
  readonly isDiskFull: () => boolean;
};

/** Watches the appends to a store, because nothing else tells that its disk is full. */
export const watchAppends = <Store extends EventStore>(store: Store): WatchedStore<Store> => {
  let isDiskFull = false;
  return {
    store: {
      ...store,
      append: async (...appended) => {
        try {
          const result = await store.append(...appended);
          isDiskFull = false;
          return result;
        } catch (error) {
          isDiskFull = saysDiskFull(error);
          throw error;
        }
      },
    },
    isDiskFull: () => isDiskFull,
  };
};
