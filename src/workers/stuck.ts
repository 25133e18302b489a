import type { Instant } from '../domain/time.ts';
import { OutcomeUnknown, StoreUnavailable } from '../eventstore/event-store.ts';
import { ClockDiffers } from '../eventstore/executor/guard-commands.ts';
import { Overloaded } from '../eventstore/executor/stream-queue.ts';
import type { StuckLicense } from '../records/sweep-pauses.ts';

/** How the sweep of what is due leaves licenses alone that it could not change. */
export type Pauses = {
  /** The revisions of the rows of licenses, by id. */
  readonly revisionsOf: (licenseIds: readonly string[]) => Promise<ReadonlyMap<string, bigint>>;
  readonly pause: (stuck: readonly StuckLicense[]) => Promise<void>;
};

/** Collects the licenses of one page that the sweep could not change. */
export const watchStuck = async (pauses: Pauses | undefined, licenseIds: readonly string[]) => {
  // Before anything is tried: a row that changes meanwhile is looked at again.
  const revisions = await pauses?.revisionsOf(licenseIds);
  const stuck = new Map<string, StuckLicense>();
  return {
    /** `nextDueAt`: when another command of the license falls due; null: never, or nobody knows. */
    note: (licenseId: string, nextDueAt: Instant | null): void => {
      const revision = revisions?.get(licenseId);
      if (revision !== undefined) stuck.set(licenseId, { licenseId, revision, nextDueAt });
    },
    /** To be called once the page is done. */
    pause: async (): Promise<void> => pauses?.pause([...stuck.values()]),
  };
};

/** True of a failure that says nothing about the license: the next sweep may succeed. */
export const isPassing = (error: unknown): boolean =>
  error instanceof StoreUnavailable ||
  error instanceof OutcomeUnknown ||
  error instanceof Overloaded ||
  error instanceof ClockDiffers;
