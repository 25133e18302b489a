import type { Pool, PoolClient } from 'pg';
import type { PinnedPolicy } from '../../domain/license/policy.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import { transaction } from '../../postgres/transaction.ts';
import { isNewer } from '../event-fault.ts';
import { noChanges } from '../fold/changes.ts';
import { foldFitting, type Unprojectable } from '../fold/fold-batch.ts';
import { licenseOf, nothingStored, type Stored } from '../fold/fold-event.ts';
import type { FoldedLicense } from '../tables/licenses.ts';
import { loadStored, writeChanges } from '../tables/tables.ts';

/** Writes many events into tables that nobody reads yet. */
export type FastFold = {
  /**
   * Folds the next events and begins to write them; the ones before are written by then. Leaves a stream out from an
   * event on that does not fit. Throws Unprojectable for one of a newer release, and what Postgres refuses.
   */
  readonly add: (events: readonly Recorded[]) => Promise<void>;
  /** Writes what was kept back; the tables are the fold of all that was added. */
  readonly finish: () => Promise<void>;
  /** What was left out so far. */
  readonly leftOut: () => LeftOut;
};

/**
 * `misfits`: the first event that does not fit, of each stream with one. `events`: what `noteLeftOut` needs of all that
 * are left out, which are the first event per stream and owners, and every event that gives a key.
 */
export type LeftOut = { readonly misfits: readonly Unprojectable[]; readonly events: readonly Recorded[] };

/**
 * Folds into empty tables, several times as fast as batch by batch: licenses are kept in memory, at most `licensesMax`, and
 * written when they are pushed out, once rather than at each event; and events are folded while those before are written.
 * Until `finish` the tables are incomplete. `pool`: as ledger_projector, with the tables' schema.
 */
export const createFastFold = (pool: Pool, licensesMax = 50_000): FastFold => {
  // The longest unchanged first; none of them is in the table as it is here.
  const kept = new Map<string, FoldedLicense>();
  const share = createSharing();
  const misfitsByStream = new Map<string, Unprojectable>();
  const leftOut: Recorded[] = [];
  const leftOutOwners = new Set<string>();
  let writing: Promise<void> = Promise.resolve();

  const write = (work: (db: PoolClient) => Promise<void>) => {
    writing = transaction(pool, beginWrite, work);
    // Whoever waits for it next is told.
    writing.catch(() => undefined);
  };

  const load = async (events: readonly Recorded[]): Promise<Stored> => {
    const unknown = events.filter(isUnknown(events, kept));
    if (unknown.length === 0) return nothingStored;
    await writing;
    return transaction(pool, 'begin read only', (db) => loadStored(db, unknown));
  };

  const keep = (id: string, license: FoldedLicense): void => {
    const { facts } = license;
    const policy = share(facts.policy);
    // At the end again.
    kept.delete(id);
    kept.set(id, facts.policy === policy ? license : { ...license, facts: { ...facts, policy } });
  };

  const pushOut = (leave: number): Map<string, FoldedLicense> => {
    const out = new Map<string, FoldedLicense>();
    for (const [id, license] of kept) {
      if (kept.size <= leave) break;
      out.set(id, license);
      kept.delete(id);
    }
    return out;
  };

  return {
    leftOut: () => ({ misfits: [...misfitsByStream.values()], events: [...leftOut] }),
    add: async (all) => {
      const events = all.filter(({ stream }) => !misfitsByStream.has(stream));
      const stored = await load(events);
      const licenses = { get: (id: string) => kept.get(id) ?? stored.licenses.get(id) };
      const { changes, misfits } = foldFitting(events, { ...stored, licenses });
      for (const misfit of misfits) {
        if (isNewer(misfit)) throw misfit;
        misfitsByStream.set(misfit.recorded.stream, misfit);
      }
      for (const event of all) {
        const from = misfitsByStream.get(event.stream)?.recorded.revision;
        if (from === undefined || event.revision < from) continue;
        const owners = JSON.stringify([event.stream, event.metadata.issuerOrgId, event.metadata.holderOrgId]);
        if (!leftOutOwners.has(owners) || 'keyHash' in event.data) leftOut.push(event);
        leftOutOwners.add(owners);
      }
      for (const [id, license] of changes.licenses) keep(id, license);
      const written = { ...changes, licenses: pushOut(licensesMax) };
      await writing;
      write((db) => writeChanges(db, nothingStored, written));
    },
    finish: async () => {
      await writing;
      while (kept.size > 0) {
        const written = { ...noChanges(), licenses: pushOut(Math.max(0, kept.size - finishMax)) };
        write((db) => writeChanges(db, nothingStored, written));
        await writing;
      }
    },
  };
};

// Most licenses are made from a few policies, each pinned in full: the largest part of what is kept.
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
// The rows can be made again at any time; a busy machine may take long for so many.
const beginWrite = 'begin; set local synchronous_commit = off; set local statement_timeout = 60000';

// Those whose fold needs something of the tables: not a license that is kept, or that begins among these very events.
const isUnknown = (events: readonly Recorded[], kept: ReadonlyMap<string, unknown>) => {
  const begun = new Set(events.filter(({ revision }) => revision === 0n).map(({ stream }) => stream));
  return ({ stream }: Recorded): boolean => {
    const id = licenseOf(stream);
    return id === null || !(kept.has(id) || begun.has(stream));
  };
};
