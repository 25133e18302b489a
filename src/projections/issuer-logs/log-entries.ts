import type { PoolClient } from 'pg';
import type { Recorded } from '../../eventstore/event-store.ts';
import { columnsFor, rowMaker, typesOf } from '../tables/columns.ts';
import { decodeRows, encodeRows, type Row, type Table } from '../tables/rows.ts';
import { entriesOf, type IndexedEntry, type LogEntry } from './log-entry.ts';

const column = columnsFor<IndexedEntry>();
const columns = {
  issuer_org_id: column('text', ({ issuerOrgId }) => issuerOrgId),
  log_index: column('bigint', ({ index }) => index),
  event_id: column('uuid', ({ eventId }) => eventId),
  stream: column('text', ({ stream }) => stream),
  revision: column('bigint', ({ revision }) => revision),
  hash: column('bytea', ({ hash }) => hash),
  recorded_at: column('timestamptz', ({ recordedAt }) => recordedAt),
};

/** `rm.log_entries`: the log of each issuer (db/read-models/042-log-entries.sql). */
export const logEntries = {
  name: 'log_entries',
  key: ['issuer_org_id', 'log_index'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of an entry. */
export const logEntryRow = rowMaker(columns);

/**
 * Gives the next indexes to events that have none yet, in their order, with one statement. Needs the transaction that
 * moves the checkpoint over these events, so that nobody else gives indexes meanwhile. Notes which logs grew. No event
 * makes it fail.
 */
export const appendToLogs = async (db: PoolClient, events: readonly Recorded[]): Promise<void> => {
  const entries = entriesOf(events);
  if (entries.length === 0) return;
  await db.query({
    name: 'append-to-logs',
    // The row of ops.log_growth tells the notary. A row that exists is locked: the notary must not take it before these
    // entries are committed. The notary looks for itself when another version begins to serve.
    text: `with grown as (
        insert into ops.log_growth select unnest($2::text[]) where current_schema() = 'rm' order by 1
        on conflict (issuer_org_id) do update set issuer_org_id = excluded.issuer_org_id
      )
      insert into log_entries (issuer_org_id, log_index, ${unnumbered})
      select e.issuer_org_id, next.log_index + row_number() over (partition by e.issuer_org_id order by e.place) - 1,
        ${unnumbered.map((name) => `e.${name}`)}
      from (${decodeRows(logEntries, ['issuer_org_id', ...unnumbered])}) e join (${nextIndexesOf('$2')}) next using (issuer_org_id)
      where not exists (select from log_entries known where known.stream = e.stream and known.revision = e.revision)`,
    values: [encodeRows(['issuer_org_id', ...unnumbered], entries.map(unnumberedRow)), issuersOf(entries)],
  });
};

/** Returns the next index of each of these issuers. */
export const readNextIndexes = async (
  db: PoolClient,
  issuers: readonly string[],
): Promise<ReadonlyMap<string, bigint>> => {
  const { rows } = await db.query<{ issuer_org_id: string; log_index: string }>({
    name: 'next-log-indexes',
    text: nextIndexesOf('$1'),
    values: [issuers],
  });
  return new Map(rows.map((row) => [row.issuer_org_id, BigInt(row.log_index)]));
};

/** Returns the issuers of entries, each once. */
export const issuersOf = (entries: readonly LogEntry[]): readonly string[] => [
  ...new Set(entries.map(({ issuerOrgId }) => issuerOrgId)),
];

/** Returns the issuers that have an event of these streams in their logs. */
export const issuersOfStreams = async (db: PoolClient, streams: ReadonlySet<string>): Promise<ReadonlySet<string>> => {
  const { rows } = await db.query<{ issuer_org_id: string }>({
    name: 'issuers-of-streams',
    text: 'select distinct issuer_org_id from log_entries where stream = any($1)',
    values: [[...streams]],
  });
  return new Set(rows.map((row) => row.issuer_org_id));
};

const nextIndexesOf = (issuers: string): string =>
  `select issuer_org_id, coalesce((select max(l.log_index) + 1 from log_entries l where l.issuer_org_id = i.issuer_org_id), 0) as log_index
    from unnest(${issuers}::text[]) i (issuer_org_id)`;

const unnumbered = Object.keys(columns).filter((name) => !logEntries.key.includes(name));

const unnumberedRow = (entry: LogEntry): Row => logEntryRow({ ...entry, index: 0n });
