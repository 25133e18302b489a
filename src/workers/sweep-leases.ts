import { endLease } from '../application/leases/end-lease.ts';
import type { Instant } from '../domain/time.ts';
import type { Executor } from '../eventstore/executor/execute.ts';
import type { LeasePlace, OverdueLease } from '../records/lease-liveness.ts';

type Needs = {
  /** Returns the overdue leases of a page of open leases. `next` is null after the last page. */
  readonly overdue: (page: { now: Instant; limit: number; after: LeasePlace | null }) => Promise<{
    readonly overdue: readonly OverdueLease[];
    readonly next: LeasePlace | null;
  }>;
  readonly executor: Executor;
  readonly now: () => Date;
  /** Stops the sweep. */
  readonly signal?: AbortSignal;
  readonly onError: (error: unknown, lease: OverdueLease) => void;
};

const pageMax = 2_000;
const inFlightMax = 32;

/**
 * Ends every lease without a heartbeat for its time to live, and every lease with an ended borrow. Its seat was already
 * free for other holders. A stale row is harmless, because the stream decides. Concurrent sweeps are harmless, because
 * their command ids are equal. A failing lease is reported and does not stop the others. After an abort, work under way
 * finishes and the rest is left. Returns how many leases this call ended.
 */
export const sweepLeases = async ({ overdue, executor, now, signal, onError }: Needs): Promise<number> => {
  const at = now().toISOString();
  let ended = 0;
  let after: LeasePlace | null = null;
  do {
    const page = await overdue({ now: at, limit: pageMax, after });
    const waiting = page.overdue[Symbol.iterator]();
    const work = async () => {
      for (const lease of waiting) {
        if (signal?.aborted) return;
        try {
          if (await endLease(executor, lease, at)) ended += 1;
        } catch (error) {
          onError(error, lease);
        }
      }
    };
    await Promise.all(Array.from({ length: inFlightMax }, work));
    after = page.next;
  } while (after !== null && signal?.aborted !== true);
  return ended;
};
