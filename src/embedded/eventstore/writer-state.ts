import { LRUCache } from 'lru-cache';
import type { Client } from 'pg';
import { type Append, noRevision } from './events.ts';
import type { Head, Recorded } from './expected-revision.ts';
import { isMetastream, metastreamOf, originalOf } from './retention/stream-rules.ts';

/** What the writer remembers between groups. Only the process that holds the writer's lock may have one. */
export type WriterState = {
  /** The position of the last event of the log. Like an offset in a file, it grows by the size of each event. */
  end: bigint;
  /** The ends of recently written streams. Others are read from the database. */
  readonly heads: LRUCache<string, Head>;
  /**
   * Recently written events by id and stream. Bounded and lost at a restart, as in EventStoreDB, for repeats under
   * "any".
   */
  readonly recentIds: LRUCache<string, Recorded>;
  /** The clock of the store, in milliseconds since 1970. */
  readonly nowMs: () => number;
};

const headsMax = 50_000;
const recentIdsMax = 20_000;

/** Reads the end of the log. The rest of the state begins empty. */
export const loadWriterState = async (db: Client, nowMs: () => number): Promise<WriterState> => {
  const { rows } = await db.query<{ end: string }>('select coalesce(max(position), 0) as end from eventstore.events');
  return {
    end: BigInt(rows[0]?.end ?? 0),
    heads: new LRUCache({ max: headsMax }),
    recentIds: new LRUCache({ max: recentIdsMax }),
    nowMs,
  };
};

/** Returns the ends of all streams that these appends concern. A stream without events or metadata is left out. */
export const loadHeads = async (
  db: Client,
  { heads }: WriterState,
  appends: readonly Append[],
): Promise<Map<string, Head>> => {
  const known = new Map<string, Head>();
  const missing = new Set<string>();
  for (const append of appends) {
    for (const stream of streamsOf(append)) {
      const head = heads.get(stream);
      if (head === undefined) missing.add(stream);
      else known.set(stream, head);
    }
  }
  if (missing.size === 0) return known;
  const { rows } = await db.query<{ stream: string; revision: string | null; is_soft_deleted: boolean }>({
    name: 'heads',
    text: `select missing.stream, head.revision,
                  coalesce(rule.truncate_before = 9223372036854775807, false) as is_soft_deleted
           from unnest($1::text[]) as missing (stream)
           left join lateral (
             select revision from eventstore.events where stream = missing.stream order by revision desc limit 1
           ) as head on true
           left join eventstore.stream_rules as rule on rule.stream = missing.stream
           where head.revision is not null or rule.stream is not null`,
    values: [[...missing]],
  });
  for (const { stream, revision, is_soft_deleted: isSoftDeleted } of rows)
    known.set(stream, { revision: revision === null ? noRevision : BigInt(revision), isSoftDeleted });
  return known;
};

/** Metadata follows the fate of its stream, and a soft deletion is written as metadata. */
const streamsOf = ({ stream, deletion }: Append): readonly string[] => {
  if (isMetastream(stream)) return [stream, originalOf(stream)];
  return deletion === 'soft' ? [stream, metastreamOf(stream)] : [stream];
};

/** Reads at most `count` events of the stream from a revision on, without their data. */
export const readRecorded = async (
  db: Client,
  stream: string,
  revision: bigint,
  count: number,
): Promise<Recorded[]> => {
  const { rows } = await db.query<{ id: string; revision: string; position: string }>({
    name: 'recorded',
    text: `select event_id as id, revision, position from eventstore.events
           where stream = $1 and revision >= $2::bigint order by revision limit $3::bigint`,
    values: [stream, revision.toString(), count],
  });
  return rows.map((row) => ({ ...row, revision: BigInt(row.revision) }));
};

/** Reads the last event of the stream. Returns undefined when it has none. */
export const readLast = async (
  db: Client,
  stream: string,
): Promise<{ readonly revision: bigint; readonly data: Uint8Array } | undefined> => {
  const { rows } = await db.query<{ revision: string; data: Buffer }>({
    name: 'last',
    text: 'select revision, data from eventstore.events where stream = $1 order by revision desc limit 1',
    values: [stream],
  });
  return rows[0] && { revision: BigInt(rows[0].revision), data: rows[0].data };
};
