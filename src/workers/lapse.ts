import { endLease } from '../application/leases/end-lease.ts';
import type { Instant } from '../domain/time.ts';
import type { Executor } from '../eventstore/executor/execute.ts';
import type { LeasePlace, OverdueLease } from '../records/lease-liveness.ts';

type Needs = {
  /** A page of open leases and, of those, the overdue ones; `next` null: it was the last. */
  readonly overdue: (page: { now: Instant; limit: number; after: LeasePlace | null }) => Promise<{
    readonly overdue: readonly OverdueLease[];
    readonly next: LeasePlace | null;
  }>;
  readonly executor: Executor;
  readonly now: () => Date;
  /** Absent: nothing stops it. */
  readonly signal?: AbortSignal;
  readonly onError: (error: unknown, lease: OverdueLease) => void;
};

const pageMax = 2_000;
const inFlightMax = 32;

/**
 * Ends every lease that was not heard of for its time to live, or whose borrow is over, however long ago. Its seat was free
 * already for whoever asked. A stale row is harmless (the stream decides), and so are two sweeps at once (equal command
 * ids). One that fails is reported and does not hold up the others. Once the signal is aborted, what is under way is
 * finished and the rest left. Returns how many leases this very call ended.
 */
export const sweepLeases = async ({ overdue, executor, now, signal, onError }: Needs): Promise<number> => {
  const at = now().toISOString();
  let ended = 0;
  let after: LeasePlace | null = null;
  do {
    const page = await overdue({ now: at, limit: pageMax, after });
    const waiting = page.overdue[Symbol.iterator]();
    const lane = async () => {
      for (const lease of waiting) {
        if (signal?.aborted) return;
        try {
          if (await endLease(executor, lease, at)) ended += 1;
        } catch (error) {
          onError(error, lease);
        }
      }
    };
    await Promise.all(Array.from({ length: inFlightMax }, lane));
    after = page.next;
  } while (after !== null && signal?.aborted !== true);
  return ended;
};
