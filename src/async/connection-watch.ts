import { AsyncLocalStorage } from 'node:async_hooks';

/** Work that has a connection to Postgres waits for something that others can make it wait for. */
export class WaitsWithConnection extends Error {
  override readonly name = 'WaitsWithConnection';
}

type Watch = { readonly storage: AsyncLocalStorage<boolean>; readonly report: (error: WaitsWithConnection) => void };

// Node pays for the storage with every promise, so only tests watch.
let watch: Watch | null = null;

/**
 * Makes this process watch its transactions: `refuseWithConnection` throws within the work of a transaction from now
 * on. `report` gets each error too, because the work may catch it. For tests.
 */
export const watchConnections = (report: (error: WaitsWithConnection) => void): void => {
  watch = { storage: watch?.storage ?? new AsyncLocalStorage(), report };
};

/** Runs the work of a transaction, which has a connection of a pool. */
export const withConnection = <Result>(work: () => Result): Result =>
  watch === null ? work() : watch.storage.run(true, work);

/**
 * Runs work of a transaction that may wait for the event store. Its connection is of a pool that serves no request, and
 * nobody waits for its locks but work that needs the event store too.
 */
export const mayWaitWithConnection = <Result>(work: () => Result): Result =>
  watch === null ? work() : watch.storage.run(false, work);

/** Throws WaitsWithConnection within a transaction, while this process watches. `what` says what the caller would do. */
export const refuseWithConnection = (what: string): void => {
  if (watch?.storage.getStore() !== true) return;
  const error = new WaitsWithConnection(`A transaction must not ${what}. Do that before or after it.`);
  watch.report(error);
  throw error;
};
