import type { Client } from 'pg';
import type { Append, AppendResult } from './events.ts';
import { planGroup, type Row } from './plan-group.ts';
import type { StreamRule } from './retention/stream-rules.ts';
import type { WriterState } from './writer-state.ts';

/**
 * Judges the appends one after the other, each after the previous ones, and writes the accepted ones in one
 * transaction. Returns the names of the changed streams.
 */
export const writeGroup = async (
  db: Client,
  state: WriterState,
  appends: readonly Append[],
): Promise<{ results: readonly AppendResult[]; streams: ReadonlySet<string> }> => {
  const { end } = state;
  try {
    const { rows, rules, heads, ids, results } = await planGroup(db, state, appends);
    if (rows.length > 0) {
      const insert = insertRows(rows, state.nowMs());
      // A single statement is its own transaction. It needs one round trip and no rollback.
      await db.query(rules.size === 0 ? insert : withRules(insert, rules));
      for (const [stream, head] of heads) state.heads.set(stream, head);
      for (const [key, recorded] of ids) state.recentIds.set(key, recorded);
    }
    return { results, streams: new Set([...rows.map(({ stream }) => stream), ...rules.keys()]) };
  } catch (error) {
    // The plan has moved the end. An append without events would answer a position that the log does not have.
    state.end = end;
    throw error;
  }
};

/** Extends the statement by the rules that its rows change. */
const withRules = (
  { text, values }: ReturnType<typeof insertRows>,
  rules: ReadonlyMap<string, StreamRule>,
): { name: string; text: string; values: unknown[] } => {
  const records = [...rules].map(([stream, { truncateBefore, maxCount, maxAgeTicks, isTombstoned }]) => ({
    stream,
    truncate_before: truncateBefore?.toString(),
    max_count: maxCount?.toString(),
    max_age_ticks: maxAgeTicks?.toString(),
    is_tombstoned: isTombstoned,
  }));
  return {
    name: 'insert_with_rules',
    text: `with inserted as (${text})
           insert into eventstore.stream_rules (stream, truncate_before, max_count, max_age_ticks, is_tombstoned)
           select stream, truncate_before, max_count, max_age_ticks, is_tombstoned
           from json_to_recordset($4::json) as rule (stream text, truncate_before bigint, max_count bigint,
                  max_age_ticks bigint, is_tombstoned boolean)
           on conflict (stream) do update set truncate_before = excluded.truncate_before,
             max_count = excluded.max_count, max_age_ticks = excluded.max_age_ticks,
             is_tombstoned = excluded.is_tombstoned`,
    values: [...values, JSON.stringify(records)],
  };
};

/**
 * Sends all bytes as one binary parameter, which Postgres splits. Arrays of bytea travel as hex text, at twice the
 * cost.
 */
const insertRows = (rows: readonly Row[], nowMs: number) => {
  const createdTicks = `${nowMs}0000`;
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
