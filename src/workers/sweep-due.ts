import type { Instant } from '../domain/time.ts';
import type { Executor } from '../eventstore/executor/execute.ts';
import type { DueLicense } from '../projections/queries/due-licenses.ts';
import { carryOutDue, type OnRefused } from './carry-out-due.ts';
import { createPace, type Pace } from './pace.ts';
import { isPassing, type Pauses, watchStuck } from './stuck.ts';

type Needs = {
  /** Returns due licenses after `after`, by (dueAt, licenseId) ascending. There is no lower bound in time. */
  readonly due: (page: { now: Instant; limit: number; after: DueLicense | null }) => Promise<readonly DueLicense[]>;
  readonly executor: Executor;
  readonly now: () => Date;
  /** Stops the sweep. */
  readonly signal?: AbortSignal;
  /** Pauses licenses that could not be changed. Without it every sweep tries every license again. */
  readonly pauses?: Pauses;
  readonly onRefused: OnRefused;
  readonly onError: (error: unknown, license: DueLicense) => void;
  /** All sweeps of a worker share it. Without it announcements have no pauses. */
  readonly pace?: Pace;
  /** Runs before each further round, so that a license with many announcements does not delay it. */
  readonly betweenRounds?: () => Promise<void>;
  /** The number of licenses to read at once. Default: 500. */
  readonly pageMax?: number;
};

const pageDefault = 500;
const inFlightMax = 32;

/**
 * Carries out everything that is due, however long ago: announces expiries and ends of grace, sends reminders, ends
 * trials, carries out scheduled tier changes and retires rotated keys. Access never waits for it. A stale row is
 * harmless, because the stream decides. Concurrent sweeps are harmless, because their command ids are equal. A failing
 * license is reported and does not stop the others. Like a license with a refused command, it is then left alone for a
 * while, at most until another command falls due. A license with very much to announce takes turns with other due
 * licenses. After an abort, commands under way finish and the rest is left. Returns how many commands were carried out.
 */
export const sweepDue = async (needs: Needs): Promise<number> => {
  const pace = needs.pace ?? createPace(1);
  let carriedOut = 0;
  for (;;) {
    const round = await sweepOnce({ ...needs, pace });
    carriedOut += round.carriedOut;
    if (!round.isUnfinished || needs.signal?.aborted) return carriedOut;
    await needs.betweenRounds?.();
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
    const work = async () => {
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
    await Promise.all(Array.from({ length: inFlightMax }, work));
    await stuck.pause();
    after = page.at(-1) ?? null;
    if (page.length < pageMax || signal?.aborted) return { carriedOut, isUnfinished };
  }
};
