import { hashOf, verifyLink } from '../chain/chain.ts';
import type { EventStore, Recorded } from '../event-store.ts';
import type { Fact, Folded, Folding } from '../folding.ts';
import { nothingSince } from './since.ts';
import { DamagedSnapshot, readWhole } from './snapshot-body.ts';
import type { Anchor, SnapshotKey, Snapshots } from './snapshots.ts';

type Needs = {
  readonly store: Pick<EventStore, 'read'>;
  readonly snapshots: Snapshots;
  readonly discard: (key: SnapshotKey, from: bigint) => Promise<void>;
  readonly onError: (error: unknown, stream: string) => void;
};

/**
 * Finds the newest snapshot of the whole state that stands at an event of the log, and forgets those that do not: they
 * were made from another log, or from a later state of this one. Returns null when there is none. Throws what the store
 * and the snapshots throw.
 */
export const restoreNewest = async <Event extends Fact, State>(
  { store, snapshots, discard, onError }: Needs,
  folding: Folding<Event, State>,
  first: Recorded,
): Promise<Folded<State> | null> => {
  const { stream } = first;
  const key = { issuerOrgId: folding.decode(first).envelope.issuerOrgId, stream, fold: folding.snapshots.fold };
  for (let below: bigint | null = null; ; ) {
    const found = await snapshots.newest(key, below);
    if (found === null) return null;
    const { events } = await store.read(stream, found.revision, 1);
    const [event] = events;
    if (event !== undefined && isAt(event, found)) {
      try {
        const { state, commands } = await readWhole({ key, at: found }, found.whole);
        const { envelope } = folding.decode(event);
        return {
          // The seal says that a program with this version of the fold wrote it.
          state: state as State,
          nextRevision: event.revision + 1n,
          eventId: event.id,
          // Of the event, so that no snapshot can break the chain.
          hash: hashOf(event),
          recordedAt: envelope.recordedAt,
          position: event.position,
          commands,
          since: nothingSince(found, found.revision),
        };
      } catch (error) {
        if (!(error instanceof DamagedSnapshot)) throw error;
        onError(error, stream);
      }
    }
    await discard(key, found.revision);
    below = found.revision;
  }
};

/** Returns true when the event is the one that a snapshot stands at, and is unaltered. */
export const isAt = (event: Recorded, { revision, eventId, hash }: Anchor): boolean =>
  event.revision === revision &&
  event.id === eventId &&
  event.metadata.hash === hash &&
  verifyLink(event, String(event.metadata.prevHash)) === null;
