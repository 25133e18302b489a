import type { Instant } from '../../domain/time.ts';
import type { EventStore } from '../event-store.ts';
import { isAt } from './restore.ts';
import type { PastStretch, SnapshotKeeper } from './snapshot-keeper.ts';
import type { Anchor, SnapshotKey } from './snapshots.ts';

/** Events of a stream by revision, both inclusive; `to` null: to its end. */
export type Range = { readonly from: bigint; readonly to: bigint | null };

/**
 * How to fold a stream as of an instant: begin with the facts after `base`, null: with nothing, and read the ranges.
 */
export type Past = { readonly base: PastStretch | null; readonly ranges: readonly Range[] };

/**
 * Finds the pieces of a stream that hold events which were recorded or took effect by `asOf`. Every snapshot that it
 * relies on is tied by hashes to an event that the log has; snapshots of another log are forgotten. Throws
 * StoreUnavailable.
 */
export const findPast = async (
  { store, keeper }: { readonly store: Pick<EventStore, 'read'>; readonly keeper: SnapshotKeeper },
  key: SnapshotKey,
  asOf: Instant,
): Promise<Past> => {
  const isStored = async (anchor: Anchor): Promise<boolean> => {
    const { events } = await store.read(key.stream, anchor.revision, 1);
    return events.some((event) => isAt(event, anchor));
  };
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const stretches = await keeper.past(key, asOf);
    const [first] = stretches;
    const last = stretches.at(-1);
    if (first === undefined || last === undefined) break;
    const base = first.facts === null ? null : first;
    if (await isStored(last)) {
      const chain = chainTo(last, stretches);
      if (base === null || chain.includes(base) || (await isStored(base))) return pastFrom(base, chain, asOf);
      await keeper.discard(key, base.revision);
    } else {
      // The log is another one since some event between the two.
      const second = base === null || !(await isStored(base)) ? first : stretches[1];
      await keeper.discard(key, (second ?? first).revision);
    }
  }
  return { base: null, ranges: [{ from: 0n, to: null }] };
};

/**
 * The stretches, oldest first, of which each ends at the event that the next begins after; `last` is the last of them.
 */
const chainTo = (last: PastStretch, stretches: readonly PastStretch[]): readonly PastStretch[] => {
  const chain = [last];
  let oldest = last;
  for (const stretch of stretches.toReversed()) {
    if (stretch.revision !== oldest.previousRevision || stretch.hash !== oldest.previousHash) continue;
    chain.push(stretch);
    oldest = stretch;
  }
  return chain.reverse();
};

const pastFrom = (base: PastStretch | null, chain: readonly PastStretch[], asOf: Instant): Past => {
  const begins = base === null ? 0n : base.revision + 1n;
  const ranges: Range[] = [];
  const add = (from: bigint, to: bigint | null) => {
    const before = ranges.at(-1);
    if (before?.to === from - 1n) ranges.splice(-1, 1, { from: before.from, to });
    else ranges.push({ from, to });
  };
  let next = begins;
  for (const { previousRevision, revision, earliestAt } of chain) {
    if (revision < begins) continue;
    // What no snapshot describes is read.
    if (previousRevision >= next) add(next, previousRevision);
    if (earliestAt <= asOf) add(previousRevision < next ? next : previousRevision + 1n, revision);
    next = revision + 1n;
  }
  add(next, null);
  return { base, ranges };
};

const attemptsMax = 3;
