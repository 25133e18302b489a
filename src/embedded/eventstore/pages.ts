import type { Pool } from 'pg';
import type { StoredEvent } from './events.ts';

export type Direction = 'forwards' | 'backwards';

/** The whole log, whose cursor is a position, or one stream, whose cursor is a revision. */
export type Scope = { readonly kind: 'all' } | { readonly kind: 'stream'; readonly stream: string };

/** Events after the cursor (before it, backwards). `more` is false when the log had nothing further at that moment. */
export type Page = { readonly events: readonly StoredEvent[]; readonly more: boolean };

export const pageEventsMax = 500;

/** A page ends early once it holds this much, so that memory is bounded by it and the largest event. */
const pageBytesMax = 4 * 1024 * 1024;

/** Before the first and after the last possible position or revision. */
export const beforeAll = -1n;
export const afterAll = 2n ** 63n - 1n;

/** The value that the next page of this scope starts after. */
export const cursorOf = (scope: Scope, event: StoredEvent): bigint =>
  BigInt(scope.kind === 'all' ? event.position : event.revision);

/** Where a page begins: after `cursor`, in either direction. `limit` is capped at `pageEventsMax`. */
export type Range = { readonly direction: Direction; readonly cursor: bigint; readonly limit?: number | undefined };

/** Reads one page. */
export const readPage = async (
  db: Pool,
  scope: Scope,
  { direction, cursor, limit = pageEventsMax }: Range,
): Promise<Page> => {
  const eventsMax = Math.min(limit, pageEventsMax);
  const { rows } = await db.query<EventRow>({
    ...statements[scope.kind][direction],
    rowMode: 'array',
    values: [cursor.toString(), eventsMax, pageBytesMax, ...(scope.kind === 'stream' ? [scope.stream] : [])],
  });
  const events = rows.map(toStoredEvent);
  const bytes = events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
  return { events, more: events.length === eventsMax || bytes >= pageBytesMax };
};

/** The cursor after which there is nothing yet: the last position of the log, or the last revision of the stream. */
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
        select *, sum(octet_length(data) + octet_length(metadata)) over (
          order by ${key} ${order} rows between unbounded preceding and 1 preceding
        ) as bytes_before
        from (
          select * from eventstore.events
          where ${key} ${after} $1::bigint ${kind === 'stream' ? 'and stream = $4' : ''}
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

/** As an array row: building an object per row by column name is a third of the cost of reading. */
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
