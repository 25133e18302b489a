import type { PoolClient } from 'pg';
import { withSuccessors } from '../../aggregates/successor-types.ts';
import type { Instant } from '../../domain/time.ts';
import type { Actor, Envelope, Reason } from '../../eventstore/envelope.ts';
import type { JsonObject, Recorded } from '../../eventstore/event-store.ts';
import { pageBytesMax } from '../queries/page-bytes.ts';
import { columnsFor, joined, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/**
 * The organizations that may read an event besides the issuer. The holder is that of the moment, or that of the device
 * which the event announces as ended. A transfer also has the previous holder.
 */
export type EventOwners = { readonly holderOrgId: string | null; readonly previousHolderOrgId: string | null };

/** What the row of an event is made of. */
type LicenseEventState = {
  readonly licenseId: string;
  readonly recorded: Recorded;
  readonly envelope: Envelope;
  readonly owners: EventOwners;
};

const column = columnsFor<LicenseEventState>();
const columns = {
  issuer_org_id: column('text', ({ envelope }) => envelope.issuerOrgId, 'issuerOrgId'),
  holder_org_id: column('text', ({ owners }) => owners.holderOrgId),
  previous_holder_org_id: column('text', ({ owners }) => owners.previousHolderOrgId),
  license_id: column('text', ({ licenseId }) => licenseId, 'licenseId'),
  revision: column('bigint', ({ recorded }) => recorded.revision, 'revision'),
  position: column('bigint', ({ recorded }) => recorded.position.commit, 'position'),
  event_id: column('text', ({ recorded }) => recorded.id, 'eventId'),
  type: column('text', ({ recorded }) => recorded.type, 'type'),
  schema_version: column('integer', ({ envelope }) => envelope.schemaVersion, 'schemaVersion'),
  effective_at: column('timestamptz', ({ envelope }) => envelope.effectiveAt, 'effectiveAt'),
  recorded_at: column('timestamptz', ({ envelope }) => envelope.recordedAt, 'recordedAt'),
  actor_type: column('text', ({ envelope }) => envelope.actor.type, 'actorType'),
  actor_id: column('text', ({ envelope }) => envelope.actor.id, 'actorId'),
  on_behalf_of: column('text', ({ envelope }) => envelope.actor.onBehalfOf, 'onBehalfOf'),
  reason_code: column('text', ({ envelope }) => envelope.reason?.code ?? null, 'reasonCode'),
  reason_text_ref: column('text', ({ envelope }) => envelope.reason?.text ?? null),
  command_id: column('text', ({ envelope }) => envelope.commandId, 'commandId'),
  request_hash: column('text', ({ envelope }) => envelope.requestHash),
  correlation_id: column('text', ({ envelope }) => envelope.$correlationId, 'correlationId'),
  causation_id: column('text', ({ envelope }) => envelope.$causationId, 'causationId'),
  prev_hash: column('bytea', ({ envelope }) => envelope.prevHash),
  hash: column('bytea', ({ envelope }) => envelope.hash, 'hash'),
  data: column('jsonb', ({ recorded }) => recorded.data, 'data'),
};

/** `rm.license_events`: the history, every event with its whole envelope (db/read-models/040-license-events.sql). */
export const licenseEvents = {
  name: 'license_events',
  key: ['issuer_org_id', 'license_id', 'revision'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of an event. */
export const licenseEventRow = rowMaker(columns);

// Row-level security shows it to the issuer alone.
const indexInLog = joined<bigint | null>(
  'bigint',
  `(select i.log_index from rm.log_entries i where i.stream = 'license-' || e.license_id and i.revision = e.revision limit 1)`,
);

/**
 * Reads rows of `rm.license_events`, which a query names `e`. `logIndex` is the index in the log of the issuer, and null
 * for everybody else.
 */
export const eventView = viewOf('e', columns, { logIndex: indexInLog });

/** The columns of an event that are read, and its index. */
export type EventView = View<typeof columns, { readonly logIndex: typeof indexInLog }>;

/** Returns the actor of an event. */
export const actorOf = ({ actorType, actorId, onBehalfOf }: EventView): Actor => ({
  type: actorType,
  id: actorId,
  onBehalfOf,
});

/**
 * An event of a license's history. `reason.text` is what a person wrote, or null when it is absent or erased. `logIndex`
 * is the index in the log of the issuer, and null for everybody else.
 */
export type HistoryEntry = {
  readonly eventId: string;
  readonly type: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly logIndex: bigint | null;
  readonly recordedAt: Instant;
  readonly effectiveAt: Instant;
  readonly actor: Actor;
  readonly reason: Reason | null;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly hash: string;
  readonly data: JsonObject;
};

/** The entries of a page. `isCut`: more entries were requested and are there, but they would make the page too large. */
export type HistoryRead = { readonly entries: readonly HistoryEntry[]; readonly isCut: boolean };

type HistoryPage = {
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  /** The greatest size of the data of a page, as JSON. A page has at least one event. Default: 4 MB. */
  readonly bytesMax?: number;
  /** Where the previous page ended; null: the first page. */
  readonly afterRevision: bigint | null;
  readonly filter?: HistoryFilter;
};

/**
 * Null: any. `from` and `to`: recorded at `from` or later, and before `to`. `actor`: a kind of actor, or the id of who acted
 * or on whose behalf. `requestId`: of the request that caused the event, or its trace id.
 */
export type HistoryFilter = {
  readonly types: readonly string[] | null;
  readonly from: Instant | null;
  readonly to: Instant | null;
  readonly actor: string | null;
  readonly requestId: string | null;
};

const everything: HistoryFilter = { types: null, from: null, to: null, actor: null, requestId: null };
const historyView = viewOf('e', columns, {
  logIndex: indexInLog,
  reasonText: joined<string | null>('text', 'v.value'),
});

/**
 * Returns a page of the history of a license that the tenant of `db` issues or holds, in either order, after the given
 * revision. The sizes of the events come without reading their data, so only the events of the page are read.
 */
export const historyOf = async (
  db: PoolClient,
  licenseId: string,
  { order, limit, afterRevision, bytesMax = pageBytesMax, filter = everything }: HistoryPage,
): Promise<HistoryRead> => {
  const { types, from, to, actor, requestId } = filter;
  const { rows } = await db.query<[string, ...unknown[]]>({
    name: `history-of-${order}`,
    text: `with fitting as materialized (
        select e.issuer_org_id, e.license_id, e.revision, e.data_bytes
        from rm.license_events e
        where e.issuer_org_id = (select l.issuer_org_id from rm.licenses l where l.license_id = $1) and e.license_id = $1
        and ($3::bigint is null or e.revision ${order === 'asc' ? '>' : '<'} $3)
        and ($4::text[] is null or e.type = any($4))
        and ($5::timestamptz is null or e.recorded_at >= $5) and ($6::timestamptz is null or e.recorded_at < $6)
        and ($7::text is null or $7 in (e.actor_type, e.actor_id, e.on_behalf_of))
        and ($8::text is null or $8 in (e.causation_id, e.correlation_id))
        order by e.revision ${order} limit $2
      ), begun as (
        select f.*, sum(f.data_bytes) over in_order as bytes, row_number() over in_order as number
        from fitting f window in_order as (order by f.revision ${order} rows unbounded preceding)
      )
      select (select count(*) from fitting), ${historyView.select}
      from begun b join rm.license_events e using (issuer_org_id, license_id, revision)
        left join vault.personal_values v on v.ref = e.reason_text_ref
      where b.number = 1 or b.bytes <= $9 order by e.revision ${order}`,
    values: [licenseId, limit, afterRevision, withSuccessors(types), from, to, actor, requestId, bytesMax],
    rowMode: 'array',
  });
  const entries = rows.map(([, ...event]) => entryOf(historyView.read(event)));
  return { entries, isCut: entries.length < Number(rows[0]?.[0] ?? 0) };
};

/** Returns the events of a license at these revisions that the tenant of `db` sees, by their revisions. */
export const eventsAtRevisions = async (
  db: PoolClient,
  licenseId: string,
  revisions: readonly bigint[],
): Promise<ReadonlyMap<bigint, HistoryEntry>> => {
  const { rows } = await db.query<unknown[]>({
    name: 'events-at-revisions',
    text: `select ${historyView.select}
      from rm.license_events e left join vault.personal_values v on v.ref = e.reason_text_ref
      where e.issuer_org_id = (select l.issuer_org_id from rm.licenses l where l.license_id = $1) and e.license_id = $1
        and e.revision = any($2::bigint[])`,
    values: [licenseId, revisions],
    rowMode: 'array',
  });
  return new Map(rows.map((row) => historyView.read(row)).map((event) => [event.revision, entryOf(event)]));
};

const entryOf = (event: EventView & { readonly reasonText: string | null }): HistoryEntry => ({
  eventId: event.eventId,
  type: event.type,
  revision: event.revision,
  position: event.position,
  logIndex: event.logIndex,
  recordedAt: event.recordedAt,
  effectiveAt: event.effectiveAt,
  actor: actorOf(event),
  reason: event.reasonCode === null ? null : { code: event.reasonCode, text: event.reasonText },
  commandId: event.commandId,
  correlationId: event.correlationId,
  causationId: event.causationId,
  hash: event.hash,
  data: event.data,
});
