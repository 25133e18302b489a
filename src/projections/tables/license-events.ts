import type { PoolClient } from 'pg';
import { fromMs, type Instant } from '../../domain/time.ts';
import type { Actor, Envelope, Reason } from '../../eventstore/envelope.ts';
import type { JsonObject, Recorded } from '../../eventstore/event-store.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { Row, Table } from './rows.ts';

/** `rm.license_events`: the history, every event with its whole envelope (db/read-models/040-license-events.sql). */
export const licenseEvents: Table = {
  name: 'license_events',
  key: ['issuer_org_id', 'license_id', 'revision'],
  columns: {
    ...{ issuer_org_id: 'text', holder_org_id: 'text', previous_holder_org_id: 'text', license_id: 'text' },
    ...{ revision: 'bigint', position: 'bigint' },
    ...{ event_id: 'text', type: 'text', schema_version: 'integer', effective_at: 'timestamptz' },
    ...{ recorded_at: 'timestamptz', actor_type: 'text', actor_id: 'text', on_behalf_of: 'text', reason_code: 'text' },
    ...{ reason_text_ref: 'text', command_id: 'text', request_hash: 'text', correlation_id: 'text' },
    ...{ causation_id: 'text', prev_hash: 'bytea', hash: 'bytea', data: 'jsonb' },
  },
};

/** Who, but for the issuer, reads an event: the holder of that moment, and of a transfer also the holder before it. */
export type EventOwners = { readonly holderOrgId: string | null; readonly previousHolderOrgId: string | null };

/** The row of an event. */
export const licenseEventRow = (
  licenseId: string,
  recorded: Recorded,
  envelope: Envelope,
  owners: EventOwners,
): Row => ({
  issuer_org_id: envelope.issuerOrgId,
  holder_org_id: owners.holderOrgId,
  previous_holder_org_id: owners.previousHolderOrgId,
  license_id: licenseId,
  revision: `${recorded.revision}`,
  position: `${recorded.position.commit}`,
  event_id: recorded.id,
  type: recorded.type,
  schema_version: envelope.schemaVersion,
  effective_at: envelope.effectiveAt,
  recorded_at: envelope.recordedAt,
  actor_type: envelope.actor.type,
  actor_id: envelope.actor.id,
  on_behalf_of: envelope.actor.onBehalfOf,
  reason_code: envelope.reason?.code ?? null,
  reason_text_ref: envelope.reason?.text ?? null,
  command_id: envelope.commandId,
  request_hash: envelope.requestHash,
  correlation_id: envelope.$correlationId,
  causation_id: envelope.$causationId,
  prev_hash: `\\x${envelope.prevHash}`,
  hash: `\\x${envelope.hash}`,
  data: recorded.data,
});

/** An event of a license's history. `reason.text` is what a person wrote, null where nothing was or it was erased. */
export type HistoryEntry = {
  readonly eventId: string;
  readonly type: string;
  readonly revision: bigint;
  readonly position: bigint;
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

type HistoryPage = {
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  /** Where the page before ended; null: at the beginning. */
  readonly afterRevision: bigint | null;
  readonly filter?: HistoryFilter;
};

/** Null: any. `from` and `to`: recorded at `from` or later, and before `to`. */
export type HistoryFilter = {
  readonly types: readonly string[] | null;
  readonly from: Instant | null;
  readonly to: Instant | null;
};

/** The history of a license that the tenant of `db` issues or holds, in either order, after the given revision. */
export const historyOf = async (
  db: PoolClient,
  licenseId: string,
  { order, limit, afterRevision, filter: { types, from, to } = everything }: HistoryPage,
): Promise<readonly HistoryEntry[]> => {
  const { rows } = await db.query<HistoryRow>({
    name: `history-of-${order}`,
    text: `select e.event_id, e.type, e.revision, e.position, ${epochMs('e.recorded_at')} as recorded_ms,
        ${epochMs('e.effective_at')} as effective_ms, e.actor_type, e.actor_id, e.on_behalf_of, e.reason_code,
        v.value as reason_text, e.command_id, e.correlation_id, e.causation_id, encode(e.hash, 'hex') as hash, e.data
      from rm.license_events e left join vault.personal_values v on v.ref = e.reason_text_ref
      where e.issuer_org_id = (select l.issuer_org_id from rm.licenses l where l.license_id = $1) and e.license_id = $1
        and ($3::bigint is null or e.revision ${order === 'asc' ? '>' : '<'} $3)
        and ($4::text[] is null or e.type = any($4))
        and ($5::timestamptz is null or e.recorded_at >= $5) and ($6::timestamptz is null or e.recorded_at < $6)
      order by e.revision ${order === 'asc' ? 'asc' : 'desc'} limit $2`,
    values: [licenseId, limit, afterRevision, types, from, to],
  });
  return rows.map((row) => ({
    eventId: row.event_id,
    type: row.type,
    revision: BigInt(row.revision),
    position: BigInt(row.position),
    recordedAt: fromMs(Number(row.recorded_ms)),
    effectiveAt: fromMs(Number(row.effective_ms)),
    actor: { type: row.actor_type, id: row.actor_id, onBehalfOf: row.on_behalf_of },
    reason: row.reason_code === null ? null : { code: row.reason_code, text: row.reason_text },
    commandId: row.command_id,
    correlationId: row.correlation_id,
    causationId: row.causation_id,
    hash: row.hash,
    data: row.data,
  }));
};

const everything: HistoryFilter = { types: null, from: null, to: null };

type HistoryRow = {
  readonly event_id: string;
  readonly type: string;
  readonly revision: string;
  readonly position: string;
  readonly recorded_ms: string;
  readonly effective_ms: string;
  readonly actor_type: Actor['type'];
  readonly actor_id: string;
  readonly on_behalf_of: string | null;
  readonly reason_code: string | null;
  readonly reason_text: string | null;
  readonly command_id: string;
  readonly correlation_id: string;
  readonly causation_id: string | null;
  readonly hash: string;
  readonly data: JsonObject;
};
