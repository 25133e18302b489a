import type { Instant } from '../domain/time.ts';
import type { Executor } from '../eventstore/execute.ts';
import type { DueLicense } from '../projections/tables/licenses.ts';
import { carryOutDue, type OnRefused } from './carry-out.ts';

type Needs = {
  /** Due licenses by (dueAt, licenseId) ascending, after the given one; no lower bound in time. */
  readonly due: (page: { now: Instant; limit: number; after: DueLicense | null }) => Promise<readonly DueLicense[]>;
  readonly executor: Executor;
  readonly now: () => Date;
  /** Absent: nothing stops it. */
  readonly signal?: AbortSignal;
  readonly onRefused: OnRefused;
  readonly onError: (error: unknown, license: DueLicense) => void;
};

const pageMax = 500;
const inFlightMax = 32;

/**
 * Carries out everything that has fallen due, however long ago: expiries and ends of grace are announced, reminders sent,
 * trials ended, announced tier changes made, rotated keys retired. Access never waits for it. A stale row is harmless (the
 * stream decides), and so are two sweeps at once (equal command ids). A license that fails is reported and does not hold up
 * the others; the next sweep finds it again, as it does what was refused. Once the signal is aborted, what is under way is
 * finished and the rest left. Returns how many commands were carried out.
 */
export const sweepDue = async ({ due, executor, now, signal, onRefused, onError }: Needs): Promise<number> => {
  const at = now().toISOString();
  let carriedOut = 0;
  let after: DueLicense | null = null;
  for (;;) {
    const page: readonly DueLicense[] = await due({ now: at, limit: pageMax, after });
    const waiting = page[Symbol.iterator]();
    const lane = async () => {
      for (const license of waiting) {
        if (signal?.aborted) return;
        try {
          const count = await carryOutDue(executor, license.licenseId, at, onRefused);
          carriedOut += count;
        } catch (error) {
          onError(error, license);
        }
      }
    };
    await Promise.all(Array.from({ length: inFlightMax }, lane));
    after = page.at(-1) ?? null;
    if (page.length < pageMax || signal?.aborted) return carriedOut;
  }
};
