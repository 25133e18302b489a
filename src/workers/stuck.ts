import { OutcomeUnknown, StoreUnavailable } from '../eventstore/event-store.ts';
import { ClockDiffers } from '../eventstore/guard-commands.ts';
import { Overloaded } from '../eventstore/stream-queue.ts';
import type { StuckLicense } from '../projections/tables/sweep-pauses.ts';

/** How a sweep leaves licenses alone that it could not change. */
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
    note: (licenseId: string): void => {
      const revision = revisions?.get(licenseId);
      if (revision !== undefined) stuck.set(licenseId, { licenseId, revision });
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
