import { LRUCache } from 'lru-cache';
import type { Client } from 'pg';
import { type Append, type AppendResult, noRevision, type ProposedEvent, recordBytes } from './events.ts';
import { type History, judge, type Recorded } from './expected-revision.ts';

/** What the writer remembers between groups. Only the process that holds the writer's lock may have one. */
export type WriterState = {
  /** The position of the last event of the log. Like an offset in a file, it grows by the size of each event. */
  end: bigint;
  /** The last revisions of recently written streams. Others are read from the database. */
  readonly heads: LRUCache<string, bigint>;
  /**
   * Recently written events by id and stream. Bounded and lost at a restart, as in EventStoreDB, for repeats under
   * "any".
   */
  readonly recentIds: LRUCache<string, Recorded>;
};

const headsMax = 50_000;
const recentIdsMax = 20_000;

/** Reads the end of the log. The rest of the state begins empty. */
export const loadWriterState = async (db: Client): Promise<WriterState> => {
  const { rows } = await db.query<{ end: string }>('select coalesce(max(position), 0) as end from eventstore.events');
  return {
    end: BigInt(rows[0]?.end ?? 0),
    heads: new LRUCache({ max: headsMax }),
    recentIds: new LRUCache({ max: recentIdsMax }),
  };
};

type Row = ProposedEvent & { readonly position: bigint; readonly stream: string; readonly revision: bigint };

/**
 * Judges the appends one after the other, each after the previous ones, and writes the accepted ones in one
 * transaction.
 */
export const writeGroup = async (
  db: Client,
  state: WriterState,
  appends: readonly Append[],
): Promise<{ results: readonly AppendResult[]; streams: ReadonlySet<string> }> => {
  const plan = await planGroup(db, state, appends);
  if (plan.rows.length > 0) {
    // A single statement is its own transaction. It needs one round trip and no rollback.
    await db.query(insertRows(plan.rows));
    for (const [stream, revision] of plan.heads) state.heads.set(stream, revision);
    for (const [key, recorded] of plan.ids) state.recentIds.set(key, recorded);
  }
  return { results: plan.results, streams: new Set(plan.rows.map(({ stream }) => stream)) };
};

const planGroup = async (db: Client, state: WriterState, appends: readonly Append[]) => {
  const heads = await loadHeads(db, state, appends);
  const rows: Row[] = [];
  const ids = new Map<string, Recorded>();
  const history: History = {
    recent: (stream, id) => ids.get(idKey(stream, id)) ?? state.recentIds.get(idKey(stream, id)),
    at: async (stream, revision, count) => {
      const written = await readRecorded(db, stream, revision, count);
      const planned = rows.filter((row) => row.stream === stream && row.revision >= revision).map(recordedOf);
      return [...written, ...planned].slice(0, count);
    },
  };

  const results: AppendResult[] = [];
  for (const append of appends) {
    if (append.isAbandoned()) {
      results.push({ outcome: 'abandoned' });
      continue;
    }
    const { stream, events } = append;
    const current = heads.get(stream) ?? noRevision;
    const verdict = await judge(append, current, history);
    if (verdict === 'wrong_version') {
      results.push({ outcome: 'wrong_version', current });
    } else if (verdict !== 'append') {
      results.push({ outcome: 'written', revision: verdict.repeats.revision, position: verdict.repeats.position });
    } else {
      let revision = current;
      for (const event of events) {
        revision += 1n;
        state.end += BigInt(stream.length + recordBytes(event));
        const row = { ...event, stream, revision, position: state.end };
        rows.push(row);
        ids.set(idKey(stream, event.id), recordedOf(row));
      }
      heads.set(stream, revision);
      results.push({ outcome: 'written', revision, position: events.length > 0 ? state.end.toString() : undefined });
    }
  }
  return { rows, ids, results, heads };
};

const idKey = (stream: string, id: string) => `${id} ${stream}`;

const recordedOf = ({ id, revision, position }: Row): Recorded => ({ id, revision, position: position.toString() });

const loadHeads = async (db: Client, { heads }: WriterState, appends: readonly Append[]) => {
  const known = new Map<string, bigint>();
  const missing = new Set<string>();
  for (const { stream } of appends) {
    const revision = heads.get(stream);
    if (revision === undefined) missing.add(stream);
    else known.set(stream, revision);
  }
  if (missing.size === 0) return known;
  const { rows } = await db.query<{ stream: string; revision: string }>({
    name: 'heads',
    text: `select missing.stream, head.revision
           from unnest($1::text[]) as missing (stream)
           cross join lateral (
             select revision from eventstore.events where stream = missing.stream order by revision desc limit 1
           ) as head`,
    values: [[...missing]],
  });
  for (const { stream, revision } of rows) known.set(stream, BigInt(revision));
  return known;
};

const readRecorded = async (db: Client, stream: string, revision: bigint, count: number): Promise<Recorded[]> => {
  const { rows } = await db.query<{ id: string; revision: string; position: string }>({
    name: 'recorded',
    text: `select event_id as id, revision, position from eventstore.events
           where stream = $1 and revision >= $2::bigint order by revision limit $3::bigint`,
    values: [stream, revision.toString(), count],
  });
  return rows.map((row) => ({ ...row, revision: BigInt(row.revision) }));
};

/**
 * Sends all bytes as one binary parameter, which Postgres splits. Arrays of bytea travel as hex text, at twice the
 * cost.
 */
const insertRows = (rows: readonly Row[]) => {
  const createdTicks = `${Date.now()}0000`;
  const bytes: Uint8Array[] = [];
  let at = 1;
  const records = rows.map(({ position, stream, revision, id, type, isJson, data, metadata }) => {
    bytes.push(data, metadata);
    const dataAt = at;
    const metadataAt = dataAt + data.length;
    at = metadataAt + metadata.length;
    return {
      position: position.toString(),
      stream,
      revision: revision.toString(),
      event_id: id,
      type,
      is_json: isJson,
      data_at: dataAt,
      data_bytes: data.length,
      metadata_at: metadataAt,
      metadata_bytes: metadata.length,
    };
  });
  return {
    name: 'insert',
    text: `insert into eventstore.events
             (position, stream, revision, event_id, type, is_json, data, metadata, created_ticks)
           select position, stream, revision, event_id, type, is_json,
                  substring($1::bytea from data_at for data_bytes),
                  substring($1::bytea from metadata_at for metadata_bytes), $3::bigint
           from json_to_recordset($2::json) as r (position bigint, stream text, revision bigint, event_id uuid, type text,
                  is_json boolean, data_at integer, data_bytes integer, metadata_at integer, metadata_bytes integer)`,
    values: [Buffer.concat(bytes), JSON.stringify(records), createdTicks],
  };
};
