import type pg from 'pg';
import { lastOfPrefixes } from '../../eventstore/copy/last-of-prefixes.ts';
import type { EventStore, Recorded } from '../../eventstore/event-store.ts';
import { connectLogReader } from '../../eventstore/read-log.ts';
import { streamPrefixes } from '../../projections/fold/fold-event.ts';
import type { LogEvent } from './manifest.ts';

/** The first and the last event of ours in a log. Null: it has none. */
export type LogEnds = { readonly first: LogEvent; readonly last: LogEvent } | null;

/** Reads the ends from the event store at `url`. */
export const endsOfStore = async (url: string): Promise<LogEnds> => {
  const last = await lastOfPrefixes(url, streamPrefixes);
  if (last === null) return null;
  const reader = connectLogReader({ url });
  try {
    for await (const first of reader.read({ streamPrefixes, upTo: last.position }))
      return { first: logEventOf(first), last: logEventOf(last) };
  } finally {
    await reader.close();
  }
  throw new Error('The event store has a last event of License Ledger and no first one. Repeat the command.');
};

/** Reads the ends from the tables of our own event store, within the transaction of `db`. */
export const endsOfTables = async (db: pg.Client): Promise<LogEnds> => {
  const end = async (direction: 'asc' | 'desc'): Promise<LogEvent | undefined> => {
    const { rows } = await db.query<LogEvent>(
      `select stream, revision::text, event_id::text as id, position::text from eventstore.events e
       where exists (select from unnest($1::text[]) prefix where starts_with(e.stream, prefix))
       order by e.position ${direction} limit 1`,
      [streamPrefixes],
    );
    return rows[0];
  };
  const [first, last] = [await end('asc'), await end('desc')];
  return first === undefined || last === undefined ? null : { first, last };
};

/** Returns true when the event store has this event at its place. */
export const hasEvent = async (
  store: Pick<EventStore, 'read'>,
  { stream, revision, id }: Pick<LogEvent, 'stream' | 'revision' | 'id'>,
): Promise<boolean> => {
  const { events } = await store.read(stream, BigInt(revision), 1);
  return events[0]?.id === id;
};

const logEventOf = ({ stream, revision, id, position }: Recorded): LogEvent => ({
  stream,
  revision: `${revision}`,
  id,
  position: `${position.commit}`,
});
