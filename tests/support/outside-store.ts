import { randomBytes } from 'node:crypto';
import type { RunningStore } from './event-store.ts';
import { startStoreProxy } from './store-proxy.ts';

/** What a test of an outside store has in place of the embedded server. */
export type OutsideStore = Pick<RunningStore, 'server' | 'databaseUrl'>;

/**
 * Connects to a store that the run does not own. Streams have names of this call there. They stay when the test ends,
 * because a store forgets nothing. Tests that read the tables of a store start their own with `startOwnStore`.
 */
export const connectOutsideStore = async (url: string): Promise<OutsideStore> => {
  const proxy = await startStoreProxy(url, `test${randomBytes(6).toString('hex')}-`);
  return {
    server: { ...proxy, failed: new Promise<Error>(() => {}) },
    get databaseUrl(): string {
      throw new Error('The store of TEST_EVENTSTORE_URL has no tables: start the store with startOwnStore.');
    },
  };
};
