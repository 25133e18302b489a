import type { Pool } from 'pg';
import type { PinnedPolicy } from '../../domain/license/policy.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import { transaction } from '../../postgres/transaction.ts';
import { isNewer } from '../event-fault.ts';
import { type Changes, noChanges } from '../fold/changes.ts';
import { foldFitting, type Unprojectable } from '../fold/fold-batch.ts';
import { licenseOf, nothingStored, type Stored } from '../fold/fold-event.ts';
import { logEntries, logEntryRow, readNextIndexes } from '../issuer-logs/log-entries.ts';
import type { IndexedEntry } from '../issuer-logs/log-entry.ts';
import { createEntryNumbering } from '../issuer-logs/number-entries.ts';
import { type FoldedLicense, licenses } from '../tables/licenses.ts';
import { loadStored, writeChanges } from '../tables/tables.ts';
import { copyRows, type IsNew, rowCopier } from './copy-rows.ts';

/** Writes many events into tables that nobody reads yet. */
export type FastFold = {
  /**
   * Folds the next events and begins to write them, after the previous ones are written. Leaves a stream out from an
   * event on that does not fit. Throws Unprojectable for one of a newer release, and what Postgres refuses.
   */
  readonly add: (events: readonly Recorded[]) => Promise<void>;
  /** Writes what is still in memory. Then the tables are the fold of all added events. */
  readonly finish: () => Promise<void>;
  /** Returns what was left out so far. */
  readonly leftOut: () => LeftOut;
};

/**
 * `misfits`: the first event that does not fit, of each stream with one. `events`: the events that `noteLeftOut` needs,
 * which are the first left out event per stream and owners, and every left out event that gives a key.
 */
export type LeftOut = { readonly misfits: readonly Unprojectable[]; readonly events: readonly Recorded[] };

/**
 * Folds into empty tables, several times as fast as batch by batch. It keeps at most `licensesMax` licenses in memory
 * and writes a license once when it leaves memory, not at each event. It folds events while it writes the previous
 * ones. The tables are incomplete until `finish`. `pool`: with the tables' schema, as a role that row-level security does not bind.
 */
export const createFastFold = (pool: Pool, licensesMax = 20_000): FastFold => {
  const kept = createKeptLicenses();
  const leftOut = createLeftOut();
  let writing: Promise<void> = Promise.resolve();

  const write = (changes: Changes, isNew: IsNew, entries: readonly IndexedEntry[] = []) => {
    const how = { add: rowCopier(isNew), sentMax: 1 };
    writing = transaction(pool, beginWrite, async (db) => {
      await copyRows(db, logEntries, entries.map(logEntryRow));
      await writeChanges(db, nothingStored, changes, how);
    });
    // The next caller that waits for it gets the error.
    writing.catch(() => undefined);
  };

  const load = async (events: readonly Recorded[]): Promise<Stored> => {
    const unknown = events.filter(isUnknown(events, kept.has));
    if (unknown.length === 0) return nothingStored;
    await writing;
    return transaction(pool, 'begin read only', (db) => loadStored(db, unknown));
  };

  const numberEntries = createEntryNumbering(async (issuers) => {
    await writing;
    return transaction(pool, 'begin read only', (db) => readNextIndexes(db, issuers));
  });

  return {
    leftOut: leftOut.read,
    add: async (events) => {
      const entries = await numberEntries(events);
      const remaining = events.filter(({ stream }) => !leftOut.has(stream));
      const stored = await load(remaining);
      const known = { get: (id: string) => kept.get(id) ?? stored.licenses.get(id) };
      const { changes, misfits } = foldFitting(remaining, { ...stored, licenses: known });
      leftOut.add(misfits, events);
      for (const [id, license] of changes.licenses) kept.keep(id, license, stored.licenses.get(id) !== undefined);
      const removed = kept.removeOldest(licensesMax);
      const begun = begunAmong(remaining);
      await writing;
      const isNew: IsNew = (table, stream) => (table === licenses ? !removed.stored.has(stream) : begun.has(stream));
      write({ ...changes, licenses: removed.licenses }, isNew, entries);
    },
    finish: async () => {
      await writing;
      while (kept.size() > 0) {
        const removed = kept.removeOldest(Math.max(0, kept.size() - finishMax));
        write({ ...noChanges(), licenses: removed.licenses }, (_, stream) => !removed.stored.has(stream));
        await writing;
      }
    },
  };
};

/** A license in memory. `isStored`: the tables have an older state of it. */
type Kept = { readonly license: FoldedLicense; readonly isStored: boolean };

/** Licenses that left memory, by id. `stored`: the streams of those that the tables have in an older state. */
type Removed = { readonly licenses: Map<string, FoldedLicense>; readonly stored: ReadonlySet<string> };

/** Licenses in memory, the longest unchanged first. The tables do not have their current state. */
const createKeptLicenses = () => {
  const kept = new Map<string, Kept>();
  const share = createSharing();
  return {
    size: () => kept.size,
    has: (id: string) => kept.has(id),
    get: (id: string) => kept.get(id)?.license,
    /** `isLoaded`: its state before was loaded from the tables. */
    keep: (id: string, license: FoldedLicense, isLoaded: boolean): void => {
      const { facts } = license;
      const policy = share(facts.policy);
      const isStored = kept.get(id)?.isStored ?? isLoaded;
      // Deleting it first moves it to the end.
      kept.delete(id);
      kept.set(id, {
        license: facts.policy === policy ? license : { ...license, facts: { ...facts, policy } },
        isStored,
      });
    },
    /** Removes the longest unchanged licenses until `remaining` are left, and returns the removed ones. */
    removeOldest: (remaining: number): Removed => {
      const removed = new Map<string, FoldedLicense>();
      const stored = new Set<string>();
      for (const [id, { license, isStored }] of kept) {
        if (kept.size <= remaining) break;
        removed.set(id, license);
        if (isStored) stored.add(`license-${id}`);
        kept.delete(id);
      }
      return { licenses: removed, stored };
    },
  };
};

const createLeftOut = () => {
  const misfitsByStream = new Map<string, Unprojectable>();
  const events: Recorded[] = [];
  const owners = new Set<string>();
  return {
    has: (stream: string) => misfitsByStream.has(stream),
    read: (): LeftOut => ({ misfits: [...misfitsByStream.values()], events: [...events] }),
    /** Adds new misfits, and those of `folded` that are left out. Throws a misfit of a newer release. */
    add: (misfits: readonly Unprojectable[], folded: readonly Recorded[]): void => {
      for (const misfit of misfits) {
        if (isNewer(misfit)) throw misfit;
        misfitsByStream.set(misfit.recorded.stream, misfit);
      }
      for (const event of folded) {
        const from = misfitsByStream.get(event.stream)?.recorded.revision;
        if (from === undefined || event.revision < from) continue;
        const ofOwners = JSON.stringify([event.stream, event.metadata.issuerOrgId, event.metadata.holderOrgId]);
        if (!owners.has(ofOwners) || 'keyHash' in event.data) events.push(event);
        owners.add(ofOwners);
      }
    },
  };
};

// Most licenses come from a few policies, and each license holds its whole policy, which is most of its size.
const createSharing = () => {
  const byText = new Map<string, PinnedPolicy>();
  const shared = new Set<PinnedPolicy>();
  return (policy: PinnedPolicy): PinnedPolicy => {
    if (shared.has(policy) || shared.size === sharedMax) return policy;
    const text = JSON.stringify(policy);
    const same = byText.get(text) ?? policy;
    byText.set(text, same);
    shared.add(same);
    return same;
  };
};

const sharedMax = 1_000;
const finishMax = 5_000;
// A rebuild can write the rows again at any time. A busy machine may take long for so many rows.
const beginWrite = 'begin; set local synchronous_commit = off; set local statement_timeout = 60000';

/** Returns the streams that begin among these events: the tables have no rows of them. */
const begunAmong = (events: readonly Recorded[]): ReadonlySet<string> =>
  new Set(events.filter(({ revision }) => revision === 0n).map(({ stream }) => stream));

// An event needs a stored row unless its license is in memory or begins among these events.
const isUnknown = (events: readonly Recorded[], isKept: (licenseId: string) => boolean) => {
  const begun = begunAmong(events);
  return ({ stream }: Recorded): boolean => {
    const id = licenseOf(stream);
    return id === null || !(isKept(id) || begun.has(stream));
  };
};
