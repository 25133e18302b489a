import type { Recorded } from '../../eventstore/event-store.ts';
import { issuersOf } from './log-entries.ts';
import { entriesOf, type IndexedEntry } from './log-entry.ts';

/** Gives the next indexes to events, which come in the order of the log and only once. */
export type EntryNumbering = (events: readonly Recorded[]) => Promise<readonly IndexedEntry[]>;

/** Returns the next index of each of these issuers: 0 for one without an entry. */
export type NextIndexes = (issuers: readonly string[]) => Promise<ReadonlyMap<string, bigint>>;

/**
 * Numbers entries as `appendToLogs` does, in memory. Remembers the next indexes of `issuersMax` issuers, the ones with
 * the latest events, and asks `nextOf` for those of others.
 */
export const createEntryNumbering = (nextOf: NextIndexes, issuersMax = 20_000): EntryNumbering => {
  const next = new Map<string, bigint>();
  return async (events) => {
    const entries = entriesOf(events);
    const unknown = issuersOf(entries).filter((issuer) => !next.has(issuer));
    if (unknown.length > 0) for (const [issuer, index] of await nextOf(unknown)) next.set(issuer, index);
    const numbered = entries.map((entry) => {
      const index = next.get(entry.issuerOrgId) ?? 0n;
      // Deleting it first moves it to the end.
      next.delete(entry.issuerOrgId);
      next.set(entry.issuerOrgId, index + 1n);
      return { ...entry, index };
    });
    for (const issuer of next.keys()) {
      if (next.size <= issuersMax) break;
      next.delete(issuer);
    }
    return numbered;
  };
};
