import type { Pool } from 'pg';
import type { StoredEvent } from '../events.ts';
import { borrowReader } from './borrow-reader.ts';
import { copyEvents } from './copied-page.ts';
import { visibleEvents } from './hidden-events.ts';

/** The order in which events are read. */
export type Direction = 'forwards' | 'backwards';

/** The whole log, where a cursor is a position, or one stream, where a cursor is a revision. */
export type Scope = { readonly kind: 'all' } | { readonly kind: 'stream'; readonly stream: string };

/** Events after the cursor, or before it when read backwards. `more` is false when there were no further events. */
export type Page = { readonly events: readonly StoredEvent[]; readonly more: boolean };

/** The most events of one page. */
export const pageEventsMax = 500;

/** A page ends early when it has so many bytes, which bounds its memory. */
const pageBytesMax = 4 * 1024 * 1024;

/** The cursors before the first and after the last possible position or revision. */
export const beforeAll = -1n;
export const afterAll = 2n ** 63n - 1n;

/** Returns the cursor with which the next page begins after this event. */
export const cursorOf = (scope: Scope, event: StoredEvent): bigint =>
  BigInt(scope.kind === 'all' ? event.position : event.revision);

/**
 * The page after `cursor` in one direction. `limit` is at most `pageEventsMax`. `nowMs`: the clock of the store, by which
 * events of a stream expire. `over`: the end of the call. The page is empty when it comes before there is a connection.
 */
export type Range = {
  readonly direction: Direction;
  readonly cursor: bigint;
  readonly limit?: number | undefined;
  readonly nowMs?: number;
  readonly over?: AbortSignal;
};

/** Reads one page of the whole log with the least work for each event. It is for pages that are probably full. */
export const readBulkPage = async (db: Pool, { direction, cursor, over }: Range): Promise<Page> => {
  const numbers = [cursor, BigInt(pageEventsMax), BigInt(pageBytesMax)];
  const { text } = statements.all[direction];
  return toPage((await copyEvents(db, text, numbers, over)) ?? [], pageEventsMax);
};

/** Reads one page. A page of a stream has only its visible events, one of $all has every event. */
export const readPage = async (
  db: Pool,
  scope: Scope,
  { direction, cursor, limit = pageEventsMax, nowMs = Date.now(), over }: Range,
): Promise<Page> => {
  const eventsMax = Math.min(limit, pageEventsMax);
  const query = {
    ...statements[scope.kind][direction],
    rowMode: 'array' as const,
    values: [
      cursor.toString(),
      eventsMax,
      pageBytesMax,
      ...(scope.kind === 'stream' ? [scope.stream, `${nowMs}0000`] : []),
    ],
  };
  const result = await borrowReader(db, over, (client) => client.query<EventRow>(query));
  return toPage(result?.rows.map(toStoredEvent) ?? [], eventsMax);
};

const toPage = (events: readonly StoredEvent[], eventsMax: number): Page => {
  const bytes = events.reduce((sum, event) => sum + pageBytes(event), 0);
  return { events, more: events.length === eventsMax || bytes >= pageBytesMax };
};

/** Returns the same number as the statements below. A page that they end early would otherwise look like the last one. */
const pageBytes = ({ stream, type, data, metadata }: StoredEvent): number =>
  Buffer.byteLength(stream) + Buffer.byteLength(type) + data.length + metadata.length;

/** Returns the last position of the log, or the last revision of the stream. Undefined when there is no event. */
export const readHead = async (db: Pool, scope: Scope): Promise<bigint | undefined> => {
  const { rows } = await db.query<{ head: string | null }>(
    scope.kind === 'all'
      ? { name: 'head_all', text: 'select max(position) as head from eventstore.events' }
      : {
          name: 'head_stream',
          text: 'select max(revision) as head from eventstore.events where stream = $1',
          values: [scope.stream],
        },
  );
  const head = rows[0]?.head ?? undefined;
  return head === undefined ? undefined : BigInt(head);
};

const statement = (kind: Scope['kind'], direction: Direction) => {
  const key = kind === 'all' ? 'position' : 'revision';
  const [after, order] = direction === 'forwards' ? ['>', 'asc'] : ['<', 'desc'];
  return {
    name: `page_${kind}_${direction}`,
    text: `
      select position, stream, revision, event_id, type, is_json, data, metadata, created_ticks
      from (
        select *, sum(octet_length(stream) + octet_length(type) + octet_length(data) + octet_length(metadata)) over (
          order by ${key} ${order} rows between unbounded preceding and 1 preceding
        ) as bytes_before
        from (
          select * from eventstore.events
          where ${key} ${after} $1::bigint ${kind === 'stream' ? `and ${visibleEvents}` : ''}
          order by ${key} ${order} limit $2::bigint
        ) as page
      ) as measured
      where bytes_before is null or bytes_before < $3::bigint
      order by ${key} ${order}`,
  };
};

const statements = {
  all: { forwards: statement('all', 'forwards'), backwards: statement('all', 'backwards') },
  stream: { forwards: statement('stream', 'forwards'), backwards: statement('stream', 'backwards') },
};

/** A row as an array. An object per row, with column names, would add a third to the cost of reading. */
type EventRow = [string, string, string, string, string, boolean, Buffer, Buffer, string];

const toStoredEvent = ([position, stream, revision, id, type, isJson, data, metadata, createdTicks]: EventRow) => ({
  position,
  stream,
  revision,
  id,
  type,
  isJson,
  data,
  metadata,
  createdTicks,
});
