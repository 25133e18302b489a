import { hashOf, verifyLink } from '../chain/chain.ts';
import type { EventStore, Recorded } from '../event-store.ts';
import type { DomainEvent, Folded, Folding } from '../folding.ts';
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
 * Restores the newest snapshot of the whole state that matches an event of the log. Deletes snapshots that do not
 * match: they belong to another log, or to a later state of this one. Returns null when no snapshot matches. Throws the
 * errors of the store and of the snapshots.
 */
export const restoreNewest = async <Event extends DomainEvent, State>(
  { store, snapshots, discard, onError }: Needs,
  folding: Folding<Event, State>,
  first: Recorded,
): Promise<Folded<State> | null> => {
  const { stream } = first;
  const key = { issuerOrgId: folding.decode(first).envelope.issuerOrgId, stream, fold: folding.snapshots.fold };
  for (let below: bigint | null = null; ; ) {
    const snapshot = await snapshots.newest(key, below);
    if (snapshot === null) return null;
    const { events } = await store.read(stream, snapshot.revision, 1);
    const [event] = events;
    if (event !== undefined && isAt(event, snapshot)) {
      try {
        const { state, commands } = await readWhole({ key, at: snapshot }, snapshot.whole);
        const { envelope } = folding.decode(event);
        return {
          // The checksum proves that a program with this version of the fold wrote it.
          state: state as State,
          nextRevision: event.revision + 1n,
          eventId: event.id,
          // The hash comes from the event, so that a snapshot cannot break the chain.
          hash: hashOf(event),
          recordedAt: envelope.recordedAt,
          position: event.position,
          commands,
          since: nothingSince(snapshot, snapshot.revision),
        };
      } catch (error) {
        if (!(error instanceof DamagedSnapshot)) throw error;
        onError(error, stream);
      }
    }
    await discard(key, snapshot.revision);
    below = snapshot.revision;
  }
};

/** Returns true when the event is the anchor of a snapshot and is unaltered. */
export const isAt = (event: Recorded, { revision, eventId, hash }: Anchor): boolean =>
  event.revision === revision &&
  event.id === eventId &&
  event.metadata.hash === hash &&
  verifyLink(event, String(event.metadata.prevHash)) === null;
