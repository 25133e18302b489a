import type { Instant } from '../../domain/time.ts';
import type { EventStore, Recorded } from '../event-store.ts';
import { type Fact, type Folded, type Folding, weigh } from '../folding.ts';
import { restoreNewest } from './restore.ts';
import { createSaveQueue } from './save-queue.ts';
import { isBoundary, nothingSince, type Since } from './since.ts';
import { DamagedSnapshot, readFacts } from './snapshot-body.ts';
import type { SnapshotKey, Snapshots, Stretch } from './snapshots.ts';

/** Takes snapshots of long streams while others run, and finds the ones that are good. Nothing here fails a command. */
export type SnapshotKeeper = {
  /**
   * Takes a snapshot of a stream that was just folded or appended to, in the background, if one is due. Returns what is
   * known of the events since the last one. `isLast`: no further event is to be folded now.
   */
  readonly pass: <Event extends Fact, State>(
    folding: Folding<Event, State>,
    stream: string,
    folded: Folded<State>,
    isLast: boolean,
  ) => Since;
  /** The stream as of its newest good snapshot; null when there is none. `first`: the stream's first event. */
  readonly restore: <Event extends Fact, State>(
    store: Pick<EventStore, 'read'>,
    folding: Folding<Event, State>,
    first: Recorded,
  ) => Promise<Folded<State> | null>;
  /** As `since` of Snapshots, with the facts read; empty when they cannot be. */
  readonly past: (key: SnapshotKey, asOf: Instant) => Promise<readonly PastStretch[]>;
  /** Forgets the snapshots from the event `from` on. */
  readonly discard: (key: SnapshotKey, from: bigint) => Promise<void>;
  /**
   * Waits until each snapshot that was taken so far is saved, dropped, or put off while the database does not answer.
   */
  readonly settled: () => Promise<void>;
  /** Does so for the snapshots of one stream that were taken so far, and gives up after `timeoutMs`. */
  readonly settledFor: (stream: string, timeoutMs: number) => Promise<void>;
};

/** A stretch, and the facts after its last event, where they were asked for; null: they were not. */
export type PastStretch = Stretch & { readonly facts: unknown };

/**
 * Makes the process's keeper. It needs no closing: what it has not saved when the process ends is taken again later.
 */
export const createSnapshotKeeper = ({
  snapshots,
  onError = () => {},
}: {
  readonly snapshots: Snapshots;
  readonly onError?: (error: unknown, stream: string) => void;
}): SnapshotKeeper => {
  const queue = createSaveQueue(snapshots, onError);

  /** Returns true when a snapshot of the whole state is worth its time. */
  const isWholeDue = (revision: bigint, { wholeRevision }: Since, weight: number, isLast: boolean): boolean =>
    revision - wholeRevision >= BigInt(Math.max(wholeEvery, Math.round(weight / wholeBytesPerEvent))) &&
    queue.wholes() < wholesWaitingMax &&
    (isLast || queue.isRested());

  const quietly = async <Result>(stream: string, work: Promise<Result>, otherwise: Result): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      onError(error, stream);
      return otherwise;
    }
  };

  const discard: SnapshotKeeper['discard'] = (key, from) =>
    quietly(key.stream, snapshots.discard(key, from), undefined);

  const take: SnapshotKeeper['pass'] = (folding, stream, folded, isLast) => {
    const { state, nextRevision, eventId, hash, recordedAt, since, commands } = folded;
    const revision = nextRevision - 1n;
    const isDue = isBoundary(since, nextRevision);
    if (!isDue && revision - since.wholeRevision < wholeEvery) return since;
    const facts = folding.snapshots.facts(state);
    const isWhole = (isDue || isLast) && isWholeDue(revision, since, weigh(folding, folded), isLast);
    if (!isWhole && (!isDue || facts === null)) return since;
    const previous = { previousRevision: since.revision, previousHash: since.hash };
    const passed = { revision, eventId, hash, recordedAt, ...previous, earliestAt: since.earliestAt ?? recordedAt };
    // The whole state of an event that has its snapshot already: that one describes the same stretch.
    const stretch = revision === since.revision ? since.stretch : passed;
    if (stretch === null) return since;
    queue.add({
      key: { issuerOrgId: folding.owners(state).issuerOrgId, stream, fold: folding.snapshots.fold },
      stretch,
      facts,
      // Copies: the stream goes on changing while they are written.
      whole: isWhole ? { state: folding.decider.fork(state), commands: new Map(commands) } : null,
    });
    return nothingSince({ revision, hash }, isWhole ? revision : since.wholeRevision, stretch);
  };

  return {
    pass: (folding, stream, folded, isLast) => {
      try {
        return take(folding, stream, folded, isLast);
      } catch (error) {
        onError(error, stream);
        return folded.since;
      }
    },

    restore: (store, folding, first) =>
      quietly(first.stream, restoreNewest({ store, snapshots, discard, onError }, folding, first), null),

    past: async (key, asOf) => {
      const [base, ...later] = await quietly(key.stream, snapshots.since(key, asOf), []);
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

/** A keeper that takes no snapshot and finds none. */
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
 * A whole state is taken after so many events, or more: one for so many bytes of it, because writing them costs as
 * much.
 */
const wholeEvery = 500;
const wholeBytesPerEvent = 50_000;
