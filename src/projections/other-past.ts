import type { EventStore, Position } from '../eventstore/event-store.ts';
import type { Checkpoint } from './checkpoint.ts';

const answerTimeoutMs = 5_000;

/**
 * Returns where the log ends. Throws OtherPast when the log does not contain the checkpoint, because it was restored to
 * an earlier point or is another log. The read models then have events that never happened in it.
 */
export const refuseOtherPast = async (
  store: EventStore,
  { position, lastEvent }: Checkpoint,
): Promise<Position | null> => {
  const head = await store.head({ timeoutMs: answerTimeoutMs });
  if (position === 'start') return head;
  if (head === null || head.commit < position.commit) {
    throw new OtherPast(`the checkpoint is at ${position.commit}, the log ends at ${head?.commit ?? 'its start'}`);
  }
  if (lastEvent === null) return head;
  const { stream, revision, id } = lastEvent;
  const { events } = await store.read(stream, revision, 1);
  const [event] = events;
  if (event?.id !== id) {
    throw new OtherPast(`revision ${revision} of ${stream} was ${id}, now it is ${event?.id ?? 'missing'}`);
  }
  // A copy of the log in another store has the event at another place.
  if (event.position.commit > position.commit)
    throw new OtherPast(`the checkpoint is at ${position.commit}, and its last event is at ${event.position.commit}`);
  return head;
};

/** The checkpoint of read models without an event. */
export const atStart: Checkpoint = { position: 'start', lastEvent: null };

/** Returns true when the log has this event at its place. */
export const hasEvent = async (
  store: Pick<EventStore, 'read'>,
  { stream, revision, id }: NonNullable<Checkpoint['lastEvent']>,
): Promise<boolean> => (await store.read(stream, revision, 1)).events[0]?.id === id;

/** The read models were made from another log. */
export class OtherPast extends Error {
  override readonly name = 'OtherPast';

  constructor(difference: string) {
    super(
      `The read models are ahead of the event store, or were made from another one: ${difference}. Connect the event store ` +
        'that they were made from, or rebuild them from this one: ledger rebuild --force.',
    );
  }
}
