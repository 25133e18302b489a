import type { Client } from 'pg';
import { type Append, type AppendResult, noRevision, type ProposedEvent, recordBytes } from './events.ts';
import { type Head, type History, judge, type Recorded } from './expected-revision.ts';
import {
  deletedRevision,
  isMetastream,
  metastreamOf,
  metastreamRule,
  originalOf,
  reopened,
  ruleOf,
  type StreamRule,
  tombstoneRule,
} from './retention/stream-rules.ts';
import { loadHeads, readLast, readRecorded, type WriterState } from './writer-state.ts';

/** A row of the log. */
export type Row = ProposedEvent & { readonly position: bigint; readonly stream: string; readonly revision: bigint };

/** What one transaction writes, and what it answers the appends of its group. */
export type GroupPlan = {
  readonly rows: readonly Row[];
  /** The rules that the rows change, by stream. */
  readonly rules: ReadonlyMap<string, StreamRule>;
  /** The ends of the streams after the transaction. */
  readonly heads: ReadonlyMap<string, Head>;
  readonly ids: ReadonlyMap<string, Recorded>;
  readonly results: readonly AppendResult[];
};

type Draft = {
  readonly db: Client;
  readonly state: WriterState;
  readonly rows: Row[];
  readonly rules: Map<string, StreamRule>;
  readonly heads: Map<string, Head>;
  readonly ids: Map<string, Recorded>;
};

/** Judges the appends one after the other, each after the previous ones, and plans what the accepted ones write. */
export const planGroup = async (db: Client, state: WriterState, appends: readonly Append[]): Promise<GroupPlan> => {
  const heads = await loadHeads(db, state, appends);
  const draft: Draft = { db, state, heads, rows: [], rules: new Map(), ids: new Map() };
  const history = historyOf(draft);
  const results: AppendResult[] = [];
  for (const append of appends)
    results.push(append.isAbandoned() ? { outcome: 'abandoned' } : await planAppend(draft, append, history));
  return { ...draft, results };
};

/** Returns the key of an event in `recentIds`. */
export const idKey = (stream: string, id: string): string => `${id} ${stream}`;

const historyOf = ({ db, state, rows, ids, heads }: Draft): History => ({
  recent: (stream, id) => ids.get(idKey(stream, id)) ?? state.recentIds.get(idKey(stream, id)),
  at: async (stream, revision, count) => {
    const written = await readRecorded(db, stream, revision, count);
    const planned = rows.filter((row) => row.stream === stream && row.revision >= revision).map(recordedOf);
    return [...written, ...planned].slice(0, count);
  },
  hasMetadata: async (stream) => {
    const metastream = metastreamOf(stream);
    return heads.has(metastream) || (await readLast(db, metastream)) !== undefined;
  },
});

const recordedOf = ({ id, revision, position }: Row): Recorded => ({ id, revision, position: position.toString() });

const planAppend = async (draft: Draft, append: Append, history: History): Promise<AppendResult> => {
  const head = headOf(draft, append.stream);
  const verdict = await judge(append, head, history);
  if (verdict === 'wrong_version') return { outcome: 'wrong_version', current: head.revision };
  if (verdict === 'deleted') return { outcome: 'stream_deleted' };
  if (verdict !== 'append')
    return { outcome: 'written', revision: verdict.repeats.revision, position: verdict.repeats.position };
  if (append.deletion !== undefined) return planDeletion(draft, append, head);
  return planEvents(draft, append, head);
};

/** Returns the end of a stream. The metadata of a stream with a tombstone has the same fate. */
const headOf = ({ heads }: Draft, stream: string): Head => {
  const original = isMetastream(stream) ? heads.get(originalOf(stream)) : undefined;
  if (original?.revision === deletedRevision) return original;
  return heads.get(stream) ?? { revision: noRevision, isSoftDeleted: false };
};

const planEvents = async (draft: Draft, { stream, events }: Append, head: Head): Promise<AppendResult> => {
  const original = isMetastream(stream) ? originalOf(stream) : undefined;
  const describesDeleted = original !== undefined && headOf(draft, original).isSoftDeleted;
  let { revision } = head;
  for (const event of events) {
    revision += 1n;
    addRow(draft, stream, revision, event);
  }
  const result = { outcome: 'written', revision, position: draft.state.end.toString() } as const;
  if (head.isSoftDeleted) await reopen(draft, stream, head.revision + 1n);
  if (describesDeleted) await reopen(draft, original, headOf(draft, original).revision + 1n);
  return result;
};

const planDeletion = (draft: Draft, { stream, events, deletion }: Append, head: Head): AppendResult => {
  const isTombstone = deletion === 'tombstone';
  const metastream = metastreamOf(stream);
  const metadata = headOf(draft, metastream);
  if (!isTombstone && head.revision === noRevision && metadata.revision === noRevision)
    return { outcome: 'wrong_version', current: noRevision };
  for (const event of events) {
    if (isTombstone) addRow(draft, stream, deletedRevision, event);
    else addRow(draft, metastream, metadata.revision + 1n, event);
  }
  if (isTombstone) for (const name of [stream, metastream]) draft.rules.set(name, tombstoneRule);
  return { outcome: 'written', revision: head.revision, position: draft.state.end.toString() };
};

/** Plans metadata that shows a softly deleted stream again, from revision `from` on. */
const reopen = async (draft: Draft, stream: string, from: bigint): Promise<void> => {
  const metastream = metastreamOf(stream);
  const newest = draft.rows.findLast((row) => row.stream === metastream) ?? (await readLast(draft.db, metastream));
  const event = newest && reopened(newest.data, from);
  if (event) addRow(draft, metastream, newest.revision + 1n, event);
};

const addRow = (draft: Draft, stream: string, revision: bigint, event: ProposedEvent): void => {
  const { state, rows, ids, heads, rules } = draft;
  state.end += BigInt(stream.length + recordBytes(event));
  const row = { ...event, stream, revision, position: state.end };
  rows.push(row);
  ids.set(idKey(stream, event.id), recordedOf(row));
  heads.set(stream, { revision, isSoftDeleted: headOf(draft, stream).isSoftDeleted });
  if (!isMetastream(stream)) return;
  rules.set(stream, metastreamRule);
  const original = originalOf(stream);
  // Metadata of metadata has no effect.
  if (isMetastream(original)) return;
  const rule = ruleOf(event);
  rules.set(original, rule);
  heads.set(original, { ...headOf(draft, original), isSoftDeleted: rule.truncateBefore === deletedRevision });
};
