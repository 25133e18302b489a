import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import { readPages } from '../../eventstore/read-pages.ts';
import { groupOf } from './census.ts';

/** The events of one stream in the log. `hasFirst`: the event of revision 0 is among them, which lists the stream. */
type InLog = { readonly stream: string; events: number; hasFirst: boolean };

/** Returns the streams of a log that belong to these groups of a census. Reads the whole log. */
export const streamsInLog = async (
  log: AsyncIterable<Recorded>,
  groups: ReadonlySet<number>,
): Promise<Iterable<Readonly<InLog>>> => {
  const streams = new Map<string, InLog>();
  for await (const { stream, revision } of log) {
    if (!groups.has(groupOf(stream))) continue;
    const known = streams.get(stream) ?? { stream, events: 0, hasFirst: false };
    streams.set(stream, known);
    known.events += 1;
    if (revision === 0n) known.hasFirst = true;
  }
  return streams.values();
};

/** Returns how many events a stream itself has up to a position. */
export const countEvents = async (store: Pick<EventStore, 'read'>, stream: string, upTo: Position): Promise<number> => {
  let events = 0;
  for await (const page of readPages(store, stream))
    events += page.filter(({ position }) => position.commit <= upTo.commit).length;
  return events;
};
