import type { Instant } from '../../domain/time.ts';
import type { EventStore } from '../event-store.ts';
import { isAt } from './restore.ts';
import type { PastStretch, SnapshotKeeper } from './snapshot-keeper.ts';
import type { Anchor, SnapshotKey } from './snapshots.ts';

/** Events of a stream by revision, both inclusive; `to` null: to its end. */
export type Range = { readonly from: bigint; readonly to: bigint | null };

/**
 * How to fold a stream as of an instant: begin with the facts after `base` (null: with the initial state), then read
 * the ranges.
 */
export type Past = { readonly base: PastStretch | null; readonly ranges: readonly Range[] };

/**
 * Finds the parts of a stream with events that were recorded or took effect by `asOf`. Hashes tie every snapshot that
 * it uses to an event of the log. Deletes snapshots of another log. Throws StoreUnavailable.
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
      // Somewhere between these two events the log was replaced by another one.
      const second = base === null || !(await isStored(base)) ? first : stretches[1];
      await keeper.discard(key, (second ?? first).revision);
    }
  }
  return { base: null, ranges: [{ from: 0n, to: null }] };
};

/**
 * Returns the stretches that lead to `last` without a gap, oldest first. Every stretch begins after the last event of
 * the previous one.
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
  const start = base === null ? 0n : base.revision + 1n;
  const ranges: Range[] = [];
  const add = (from: bigint, to: bigint | null) => {
    const previous = ranges.at(-1);
    if (previous?.to === from - 1n) ranges.splice(-1, 1, { from: previous.from, to });
    else ranges.push({ from, to });
  };
  let next = start;
  for (const { previousRevision, revision, earliestAt } of chain) {
    if (revision < start) continue;
    // No snapshot describes these events, so they are read.
    if (previousRevision >= next) add(next, previousRevision);
    if (earliestAt <= asOf) add(previousRevision < next ? next : previousRevision + 1n, revision);
    next = revision + 1n;
  }
  add(next, null);
  return { base, ranges };
};

const attemptsMax = 3;
