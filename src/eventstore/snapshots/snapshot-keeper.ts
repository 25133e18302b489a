import type { Instant } from '../../domain/time.ts';
import type { EventStore, Recorded } from '../event-store.ts';
import { type DomainEvent, type Folded, type Folding, weigh } from '../folding.ts';
import { restoreNewest } from './restore.ts';
import { createSaveQueue, type SaveQueue } from './save-queue.ts';
import { isBoundary, nothingSince, type Since } from './since.ts';
import { DamagedSnapshot, readFacts } from './snapshot-body.ts';
import type { SnapshotKey, Snapshots, Stretch } from './snapshots.ts';

/** Takes snapshots of long streams in the background, and finds valid ones. No failure here fails a command. */
export type SnapshotKeeper = {
  /**
   * Takes a snapshot of a stream that was just folded or appended to, if one is due. Returns the record of the events
   * since the last snapshot. `isLast`: no further event is folded now.
   */
  readonly pass: <Event extends DomainEvent, State>(
    folding: Folding<Event, State>,
    stream: string,
    folded: Folded<State>,
    isLast: boolean,
  ) => Since;
  /** Returns the stream at its newest valid snapshot; null when there is none. `first`: the stream's first event. */
  readonly restore: <Event extends DomainEvent, State>(
    store: Pick<EventStore, 'read'>,
    folding: Folding<Event, State>,
    first: Recorded,
  ) => Promise<Folded<State> | null>;
  /**
   * Returns the stretches that `since` of Snapshots returns, with the facts decoded. Empty when they cannot be read.
   */
  readonly past: (key: SnapshotKey, asOf: Instant) => Promise<readonly PastStretch[]>;
  /** Deletes the snapshots from the event `from` on. */
  readonly discard: (key: SnapshotKey, from: bigint) => Promise<void>;
  /**
   * Waits until each snapshot that was taken so far is saved, dropped, or put off while the database does not answer.
   */
  readonly settled: () => Promise<void>;
  /** Does the same for the snapshots of one stream that were taken so far. Gives up after `timeoutMs`. */
  readonly settledFor: (stream: string, timeoutMs: number) => Promise<void>;
};

/** A stretch, and the facts after its last event; null when they were not read. */
export type PastStretch = Stretch & { readonly facts: unknown };

/**
 * Creates the keeper of a process. It needs no closing: a snapshot that is not saved when the process ends is taken
 * again later.
 */
export const createSnapshotKeeper = ({
  snapshots,
  onError = () => {},
}: {
  readonly snapshots: Snapshots;
  readonly onError?: (error: unknown, stream: string) => void;
}): SnapshotKeeper => {
  const queue = createSaveQueue(snapshots, onError);
  const orElse = async <Result>(stream: string, work: Promise<Result>, otherwise: Result): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      onError(error, stream);
      return otherwise;
    }
  };
  const discard: SnapshotKeeper['discard'] = (key, from) => orElse(key.stream, snapshots.discard(key, from), undefined);

  return {
    pass: (folding, stream, folded, isLast) => {
      try {
        return takeIfDue(queue, folding, { ...folded, stream }, isLast);
      } catch (error) {
        onError(error, stream);
        return folded.since;
      }
    },

    restore: (store, folding, first) =>
      orElse(first.stream, restoreNewest({ store, snapshots, discard, onError }, folding, first), null),

    past: async (key, asOf) => {
      const [base, ...later] = await orElse(key.stream, snapshots.since(key, asOf), []);
      if (base === undefined || base.facts === null) return base === undefined ? [] : [base, ...later];
      try {
        return [{ ...base, facts: await readFacts({ key, at: base }, base.facts) }, ...later];
      } catch (error) {
        onError(error, key.stream);
        if (error instanceof DamagedSnapshot) await discard(key, base.revision);
        return [];
      }
    },

    discard,

    settled: queue.settled,
    settledFor: queue.settledFor,
  };
};

/**
 * Adds a snapshot to the queue if one is due: of the facts at each boundary, of the whole state less often. Returns the
 * record of the events since the last snapshot.
 */
const takeIfDue = <Event extends DomainEvent, State>(
  queue: SaveQueue,
  folding: Folding<Event, State>,
  folded: Folded<State> & { readonly stream: string },
  isLast: boolean,
): Since => {
  const { stream, state, nextRevision, hash, since, commands } = folded;
  const revision = nextRevision - 1n;
  const isDue = isBoundary(since, nextRevision);
  if (!isDue && revision - since.wholeRevision < wholeEvery) return since;
  const facts = folding.snapshots.facts(state);
  const isWhole = (isDue || isLast) && isWholeDue(queue, since, { revision, weight: weigh(folding, folded), isLast });
  if (!isWhole && (!isDue || facts === null)) return since;
  const stretch = stretchOf(folded);
  if (stretch === null) return since;
  queue.add({
    key: { issuerOrgId: folding.owners(state).issuerOrgId, stream, fold: folding.snapshots.fold },
    stretch,
    facts,
    // The stream goes on changing while the snapshot is written, so the snapshot needs copies.
    whole: isWhole ? { state: folding.decider.fork(state), commands: new Map(commands) } : null,
  });
  return nothingSince({ revision, hash }, isWhole ? revision : since.wholeRevision, stretch);
};

/** Returns true when a snapshot of the whole state is worth its time. */
const isWholeDue = (
  queue: SaveQueue,
  { wholeRevision }: Since,
  { revision, weight, isLast }: { readonly revision: bigint; readonly weight: number; readonly isLast: boolean },
): boolean =>
  revision - wholeRevision >= BigInt(Math.max(wholeEvery, Math.round(weight / wholeBytesPerEvent))) &&
  queue.wholes() < wholesWaitingMax &&
  (isLast || queue.isRested());

/**
 * Returns the events since the last snapshot. When there are none, returns the stretch of that snapshot; null when
 * another process took it.
 */
const stretchOf = <State>({ nextRevision, eventId, hash, recordedAt, since }: Folded<State>): Stretch | null => {
  const revision = nextRevision - 1n;
  if (revision === since.revision) return since.stretch;
  return {
    revision,
    eventId,
    hash,
    recordedAt,
    previousRevision: since.revision,
    previousHash: since.hash,
    earliestAt: since.earliestAt ?? recordedAt,
  };
};

/** A keeper that neither takes nor finds snapshots. */
export const noKeeper: SnapshotKeeper = {
  pass: (_folding, _stream, { since }) => since,
  restore: async () => null,
  past: async () => [],
  discard: async () => {},
  settled: async () => {},
  settledFor: async () => {},
};

const wholesWaitingMax = 8;

/**
 * A whole state is taken after so many events. A large state is taken after one event for every 50 kB of it, because
 * writing it costs more.
 */
const wholeEvery = 500;
const wholeBytesPerEvent = 50_000;
