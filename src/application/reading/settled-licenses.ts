import { LRUCache } from 'lru-cache';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { forkIssued } from '../../domain/license/evolve.ts';
import type { IssuedLicense } from '../../domain/license/license.ts';
import { settle } from '../../domain/license/settle.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { readParked } from './parked-license.ts';

/** A license with everything that has fallen due by `at`, and the revision of the last recorded event. */
export type SettledLicense = { readonly license: IssuedLicense; readonly revision: bigint; readonly at: Instant };

/** Reads licenses whose rows do not say what is true now. */
export type SettledLicenses = {
  /** Reads the stream. Returns null for a license that was never issued. Throws NotProjected when it cannot be read. */
  readonly read: (licenseId: string, at: Instant) => Promise<SettledLicense | null>;
  /**
   * Returns the license from the last reading, if that had the events of a row at `revision`; else reads the stream. So
   * the answer is as new as the row, as for every other license. Throws as `read` does.
   */
  readonly since: (licenseId: string, revision: bigint, at: Instant) => Promise<SettledLicense | null>;
};

/** Creates the reader of a process. It remembers a limited number of licenses until their rows are newer. */
export const createSettledLicenses = (executor: Executor): SettledLicenses => {
  const known = new LRUCache<string, SettledLicense>({
    max: knownMax,
    maxSize: knownBytesMax,
    sizeCalculation: ({ license, revision }) => licenseAggregate.snapshots.weigh(license, Number(revision)),
  });
  const read: SettledLicenses['read'] = (licenseId, at) =>
    // A fork, because the executor goes on changing its state.
    readParked(executor, { licenseId, at }, (license, revision) => ({ license: forkIssued(license), revision, at }));
  return {
    read,
    since: async (licenseId, revision, at) => {
      const last = known.get(licenseId);
      const isUsable = last !== undefined && last.revision >= revision && last.at <= at;
      const current = isUsable
        ? // More may have fallen due since.
          { license: settle(last.license, at).license, revision: last.revision, at }
        : await read(licenseId, at);
      if (current !== null && current.license !== last?.license) known.set(licenseId, current);
      return current;
    },
  };
};

const knownMax = 2_000;
const knownBytesMax = 32 * 1_024 * 1_024;
