import type { PoolClient } from 'pg';
import { fromMs, type Instant } from '../domain/time.ts';
import type { Envelope } from '../eventstore/envelope.ts';
import type { JsonObject, Recorded } from '../eventstore/event-store.ts';
import { epochMs, type Row, type Table } from './rows.ts';

/** `rm.license_events`: the history, every event as stored (db/read-models/040-license-events.sql). */
export const licenseEvents: Table = {
  name: 'rm.license_events',
  key: ['issuer_org_id', 'license_id', 'revision'],
  columns: {
    ...{ issuer_org_id: 'text', holder_org_id: 'text', license_id: 'text', revision: 'bigint', position: 'bigint' },
    ...{ event_id: 'text', type: 'text', recorded_at: 'timestamptz', effective_at: 'timestamptz', hash: 'text' },
    ...{ data: 'jsonb', metadata: 'jsonb' },
  },
};

/** The row of an event. */
export const licenseEventRow = (licenseId: string, recorded: Recorded, envelope: Envelope): Row => ({
  issuer_org_id: envelope.issuerOrgId,
  holder_org_id: envelope.holderOrgId,
  license_id: licenseId,
  revision: `${recorded.revision}`,
  position: `${recorded.position.commit}`,
  event_id: recorded.id,
  type: recorded.type,
  recorded_at: envelope.recordedAt,
  effective_at: envelope.effectiveAt,
  hash: envelope.hash,
  data: recorded.data,
  metadata: recorded.metadata,
});

/** An event of a license's history. `metadata` is the stored envelope; `reasonText` is what a person wrote, unless erased. */
export type HistoryEntry = {
  readonly eventId: string;
  readonly type: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly recordedAt: Instant;
  readonly effectiveAt: Instant;
  readonly reasonText: string | null;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
};

/** The history of a license that the tenant of `db` issues or holds, in either order, after the given revision. */
export const historyOf = async (
  db: PoolClient,
  licenseId: string,
  { order, limit, afterRevision }: { order: 'asc' | 'desc'; limit: number; afterRevision: bigint | null },
): Promise<readonly HistoryEntry[]> => {
  const { rows } = await db.query<HistoryRow>({
    name: `history-of-${order}`,
    text: `select e.event_id, e.type, e.revision, e.position, ${epochMs('e.recorded_at')} as recorded_ms,
        ${epochMs('e.effective_at')} as effective_ms, v.value as reason_text, e.data, e.metadata
      from rm.license_events e left join vault.personal_values v on v.ref = e.metadata #>> '{reason,text}'
      where e.issuer_org_id = (select l.issuer_org_id from rm.licenses l where l.license_id = $1) and e.license_id = $1
        and ($3::bigint is null or e.revision ${order === 'asc' ? '>' : '<'} $3)
      order by e.revision ${order === 'asc' ? 'asc' : 'desc'} limit $2`,
    values: [licenseId, limit, afterRevision],
  });
  return rows.map((row) => ({
    eventId: row.event_id,
    type: row.type,
    revision: BigInt(row.revision),
    position: BigInt(row.position),
    recordedAt: fromMs(Number(row.recorded_ms)),
    effectiveAt: fromMs(Number(row.effective_ms)),
    reasonText: row.reason_text,
    data: row.data,
    metadata: row.metadata,
  }));
};

type HistoryRow = {
  readonly event_id: string;
  readonly type: string;
  readonly revision: string;
  readonly position: string;
  readonly recorded_ms: string;
  readonly effective_ms: string;
  readonly reason_text: string | null;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
};
