import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { ForkableMap } from '../../src/domain/forkable-map.ts';
import type { License } from '../../src/domain/license/license.ts';
import type { Executor } from '../../src/eventstore/executor/execute.ts';

/** What is known of a license, collections and all, as text: equal states, equal texts. */
export const foldText = (license: License): string => JSON.stringify(license, withCollections);

/** What an executor knows of each license, as text. */
export const foldsOf = (executor: Executor, licenseIds: readonly string[]): Promise<readonly string[]> =>
  Promise.all(licenseIds.map((licenseId) => executor.read(licenseAggregate, licenseId, foldText)));

const withCollections = (_name: string, value: unknown): unknown => {
  if (value instanceof Map || value instanceof Set || value instanceof ForkableMap) return [...value];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  // What was decided has its fields in another order than what was read.
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
};
