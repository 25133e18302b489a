import type { Instant } from '../domain/time.ts';
import type { Executor } from '../eventstore/executor/execute.ts';
import type { DueLicense } from '../projections/queries/due-licenses.ts';
import { carryOutDue, type OnRefused } from './carry-out.ts';
import { createPace, type Pace } from './pace.ts';
import { isPassing, type Pauses, watchStuck } from './stuck.ts';

type Needs = {
  /** Due licenses by (dueAt, licenseId) ascending, after the given one; no lower bound in time. */
  readonly due: (page: { now: Instant; limit: number; after: DueLicense | null }) => Promise<readonly DueLicense[]>;
  readonly executor: Executor;
  readonly now: () => Date;
  /** Absent: nothing stops it. */
  readonly signal?: AbortSignal;
  /** Absent: every sweep tries every license again. */
  readonly pauses?: Pauses;
  readonly onRefused: OnRefused;
  readonly onError: (error: unknown, license: DueLicense) => void;
  /** Shared by all sweeps of a worker. Absent: announcements are made as fast as they can be. */
  readonly pace?: Pace;
  /** How many licenses are read at once. Absent: 500. */
  readonly pageMax?: number;
};

const pageDefault = 500;
const inFlightMax = 32;

/**
 * Carries out everything that has fallen due, however long ago: expiries and ends of grace are announced, reminders sent,
 * trials ended, announced tier changes made, rotated keys retired. Access never waits for it. A stale row is harmless (the
 * stream decides), and so are two sweeps at once (equal command ids). A license that fails is reported and does not hold up
 * the others; like one whose command was refused, it is left alone for a while, at most until something else of it
 * falls due. A license with very much to announce takes turns with whatever else is due. Once the signal is aborted,
 * commands under way are finished and the rest left. Returns how many commands were carried out.
 */
export const sweepDue = async (needs: Needs): Promise<number> => {
  const pace = needs.pace ?? createPace(1);
  let carriedOut = 0;
  for (;;) {
    const round = await sweepOnce({ ...needs, pace });
    carriedOut += round.carriedOut;
    if (!round.isUnfinished || needs.signal?.aborted) return carriedOut;
  }
};

type Round = { readonly carriedOut: number; readonly isUnfinished: boolean };

const sweepOnce = async (needs: Needs & { readonly pace: Pace }): Promise<Round> => {
  const { due, now, signal, pauses, onError, pageMax = pageDefault } = needs;
  const at = now().toISOString();
  let carriedOut = 0;
  let isUnfinished = false;
  let after: DueLicense | null = null;
  for (;;) {
    const page: readonly DueLicense[] = await due({ now: at, limit: pageMax, after });
    const stuck = await watchStuck(
      pauses,
      page.map(({ licenseId }) => licenseId),
    );
    const waiting = page[Symbol.iterator]();
    const lane = async () => {
      for (const license of waiting) {
        if (signal?.aborted) return;
        const { licenseId } = license;
        try {
          const result = await carryOutDue(needs, licenseId, at);
          carriedOut += result.count;
          isUnfinished ||= result.isUnfinished;
          if (result.stuck !== null) stuck.note(licenseId, result.stuck.nextDueAt);
        } catch (error) {
          if (!isPassing(error)) stuck.note(licenseId, null);
          onError(error, license);
        }
      }
    };
    await Promise.all(Array.from({ length: inFlightMax }, lane));
    await stuck.pause();
    after = page.at(-1) ?? null;
    if (page.length < pageMax || signal?.aborted) return { carriedOut, isUnfinished };
  }
};
