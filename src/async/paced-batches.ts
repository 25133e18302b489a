import { setTimeout as delay } from 'node:timers/promises';

/** Adds items to the next batch of their key. Returns the result of each item, in order, once its batch is done. */
export type PacedBatches<Item, Result> = (key: string, items: readonly Item[]) => Promise<readonly Result[]>;

/** Too many items wait for one key. Nothing was done for these. Try again later. */
export class TooManyItems extends Error {
  override readonly name = 'TooManyItems';
}

type Needs<Item, Result> = {
  /**
   * Carries out a batch. Returns one result for each item. `pacedFromMs`: the next batch of the key must not begin
   * before `everyMs` have passed since then; null: it may begin at once.
   */
  readonly work: (items: readonly Item[]) => Promise<Done<Result>>;
  /** Returns how many items from the front fit into one batch, at least one. */
  readonly fitting: (items: readonly Item[]) => number;
  /** The clock that the work reads, in milliseconds. */
  readonly nowMs: () => number;
  readonly everyMs: number;
  /** The most items of one key that may wait. */
  readonly waitingMax: number;
  /** Once it aborts, batches no longer keep their distance: nobody may wait for a server that stops. */
  readonly stopping?: AbortSignal | undefined;
  /** Waits so many milliseconds. Tests wait otherwise. */
  readonly wait?: (ms: number) => Promise<unknown>;
};

type Done<Result> = { readonly results: readonly Result[]; readonly pacedFromMs: number | null };

type Waiting<Item, Result> = {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Gathers items by key, and carries out at most one batch of a key with an effect in each `everyMs`. The first item of
 * a quiet key does not wait. Keys do not wait for each other. When the work throws, all items of its batch get the
 * error.
 */
export const createPacedBatches = <Item, Result>(needs: Needs<Item, Result>): PacedBatches<Item, Result> => {
  const { work, fitting, nowMs, everyMs, waitingMax, stopping, wait = delay } = needs;
  const queues = new Map<string, Waiting<Item, Result>[]>();
  const pauses = new Set<() => void>();
  const endPauses = () => {
    for (const end of pauses) end();
  };
  stopping?.addEventListener('abort', endPauses, { once: true });

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve, reject) => {
      pauses.add(resolve);
      wait(ms)
        .then(() => resolve(), reject)
        .finally(() => pauses.delete(resolve));
    });

  /** Returns from when the next batch must keep its distance. An error does not tell what was done. */
  const carryOut = async (batch: readonly Waiting<Item, Result>[]): Promise<number | null> => {
    try {
      const { results, pacedFromMs } = await work(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error('A batch needs one result for each of its items.');
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
      return pacedFromMs;
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return nowMs();
    }
  };

  const waitFrom = async (fromMs: number): Promise<void> => {
    const left = () => everyMs - (nowMs() - fromMs);
    // A timer can be early. A clock that was set back must not make the key wait for longer.
    for (let ms = left(); ms > 0 && ms <= everyMs && stopping?.aborted !== true; ms = left()) await pause(ms);
  };

  const drain = async (key: string, queue: Waiting<Item, Result>[]): Promise<void> => {
    // Items that are added in the same turn of the event loop go into the same batch.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = queue.splice(0, fitting(queue.map(({ item }) => item)));
      const fromMs = await carryOut(batch);
      if (fromMs !== null) await waitFrom(fromMs);
    }
    queues.delete(key);
  };

  return (key, items) => {
    const queue = queues.get(key) ?? [];
    if (queue.length + items.length > waitingMax)
      return Promise.reject(new TooManyItems(`${queue.length} items already wait. Nothing was done. Try again later.`));
    const results = items.map(
      (item) => new Promise<Result>((resolve, reject) => queue.push({ item, resolve, reject })),
    );
    if (!queues.has(key)) {
      queues.set(key, queue);
      void drain(key, queue);
    }
    return Promise.all(results);
  };
};
