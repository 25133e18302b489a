import type { Instant } from '../domain/time.ts';
import { OutcomeUnknown, StoreUnavailable } from '../eventstore/event-store.ts';
import { ClockDiffers } from '../eventstore/executor/guard-commands.ts';
import { Overloaded } from '../eventstore/executor/stream-queue.ts';
import type { StuckLicense } from '../records/sweep-pauses.ts';

/** How the sweep pauses licenses that it could not change. */
export type Pauses = {
  /** Returns the revisions of the rows of licenses, by id. */
  readonly revisionsOf: (licenseIds: readonly string[]) => Promise<ReadonlyMap<string, bigint>>;
  readonly pause: (stuck: readonly StuckLicense[]) => Promise<void>;
};

/** Collects the licenses of one page that the sweep could not change. */
export const watchStuck = async (pauses: Pauses | undefined, licenseIds: readonly string[]) => {
  // The revisions are read before any command, so that a row that changes meanwhile is tried again.
  const revisions = await pauses?.revisionsOf(licenseIds);
  const stuck = new Map<string, StuckLicense>();
  return {
    /**
     * Notes a license. `nextDueAt` is when another command of the license falls due, or null when that is never or
     * unknown.
     */
    note: (licenseId: string, nextDueAt: Instant | null): void => {
      const revision = revisions?.get(licenseId);
      if (revision !== undefined) stuck.set(licenseId, { licenseId, revision, nextDueAt });
    },
    /** Pauses the noted licenses. Call it after the page. */
    pause: async (): Promise<void> => pauses?.pause([...stuck.values()]),
  };
};

/** Returns true for a failure that is not about the license, so the next sweep may succeed. */
export const isPassing = (error: unknown): boolean =>
  error instanceof StoreUnavailable ||
  error instanceof OutcomeUnknown ||
  error instanceof Overloaded ||
  error instanceof ClockDiffers;
