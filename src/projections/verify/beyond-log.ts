import type { EventStore, Position } from '../../eventstore/event-store.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { hasEvent } from '../other-past.ts';
import { nowhere, type Place } from './findings.ts';

/** Where the read models are. `head`: where the log ends; null: it is empty. */
type Reach = Pick<Checkpoint, 'lastEvent'> & { readonly projectedTo: bigint; readonly head: Position | null };

/** Returns what the read models have that the log does not. Returns null when they are within the log. */
export const beyondLog = async (
  store: Pick<EventStore, 'read'>,
  { projectedTo, head, lastEvent }: Reach,
): Promise<{ readonly place: Place; readonly what: string } | null> => {
  if (projectedTo > (head?.commit ?? -1n)) {
    const end = head?.commit ?? 'which is empty';
    return { place: nowhere, what: `the read models are at ${projectedTo}, beyond the end of the log, ${end}` };
  }
  if (lastEvent === null || (await hasEvent(store, lastEvent))) return null;
  const { stream, revision } = lastEvent;
  const what = 'the log does not have the last event of the read models';
  return { place: { ...nowhere, stream, revision }, what };
};
