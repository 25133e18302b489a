import type { PoolClient } from 'pg';
import { fromMs, type Instant } from '../../domain/time.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import { readModelsName } from '../versions.ts';

/** Where an event of a license stands in the log: one append's events may share their position. */
export type FeedPlace = { readonly position: bigint; readonly licenseId: string; readonly revision: bigint };

/** An event of a license, as an organization reads it. `position` is its commit position. */
export type FeedEvent = FeedPlace & {
  readonly eventId: string;
  readonly type: string;
  /** Of `data`, which is as it was written. */
  readonly schemaVersion: number;
  readonly issuerOrgId: string;
  readonly recordedAt: Instant;
  readonly effectiveAt: Instant;
  readonly actor: Actor;
  readonly reasonCode: string | null;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly data: JsonObject;
};

export type FeedPage = {
  readonly events: readonly FeedEvent[];
  /** Up to here every event was looked at, here or before, and there will never be another one; null: before the first. */
  readonly through: FeedPlace | null;
  /** There is more after `through` already. */
  readonly hasMore: boolean;
};

type Reading = {
  readonly orgId: string;
  /** Where the page before ended; null: before the first event. */
  readonly after: FeedPlace | null;
  /** Only these types; null: all. */
  readonly types: readonly string[] | null;
  readonly limit: number;
  /** How many events are looked at for these types. */
  readonly lookMax?: number;
};

/**
 * Returns the events of licenses that an organization issues, or holds as of the event, in log order. A transfer
 * belongs to both holders: it is the last event of the one and the first of the other. None is ever left out: a page
 * ends before the first event that a parked stream keeps back, and is empty while the tables have not come to `after`.
 * Returns null when the log has no event at `after`; it is another log, or was restored to an earlier point. For
 * asTenant of the same organization.
 */
export const readFeed = async (db: PoolClient, reading: Reading): Promise<FeedPage | null> => {
  const { after } = reading;
  for (;;) {
    const extent = await readExtent(db, reading.orgId);
    const { version, readableTo } = extent;
    if (readableTo === null || (after !== null && after.position > readableTo))
      return { events: [], through: after, hasMore: false };
    const rows = await readRows(db, reading, readableTo);
    const [state] = rows;
    // Else another version of the tables came to serve in between, and these may be rows of either.
    if (state?.version === version) return pageOf(reading, state, rows);
  }
};

/** Returns the event with this id (a UUID) of a license that the tenant of `db` issues, or held then; else null. */
export const feedEventById = async (db: PoolClient, eventId: string): Promise<FeedEvent | null> => {
  const { rows } = await db.query<EventRow>({
    name: 'feed-event-by-id',
    text: `select ${eventColumns} from rm.license_events e where e.event_id = $1 order by e.position limit 1`,
    values: [eventId],
  });
  return rows[0] === undefined ? null : readEvent(rows[0]);
};

/** Of one moment: what the tables contain, and up to where nothing of it is kept back from the organization. */
type Extent = { readonly version: number; readonly readableTo: bigint | null };

const readExtent = async (db: PoolClient, orgId: string): Promise<Extent> => {
  const { rows } = await db.query<{ version: number; projected_to: string | null; held: string | null }>({
    name: 'feed-extent',
    // The policy's "or" makes the planner expect few events, and read and sort all there are to the end rather than walk.
    text: `select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
        v.version, c.commit_position as projected_to,
        (select min(p.position) from ops.parked_owners p where p.projection = v.projection and p.version = v.version
          and (p.issuer_org_id = $1 or p.holder_org_id = $1)) as held
      from ops.projection_versions v join ops.checkpoints c using (projection, version)
      where v.projection = $2 and v.state = 'active'`,
    values: [orgId, readModelsName],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('The database has no read models yet: `ledger start` makes them.');
  const [projectedTo, held] = [bigintOf(row.projected_to), bigintOf(row.held)];
  const isHeld = projectedTo !== null && held !== null && held <= projectedTo;
  return { version: row.version, readableTo: isHeld ? held - 1n : projectedTo };
};

const pageOf = (reading: Reading, state: StateColumns, rows: readonly FeedRow[]): FeedPage | null => {
  const { after, limit } = reading;
  if (after !== null && !state.is_known) return null;
  const found = rows.flatMap((row) => (row.event_id === null ? [] : [readEvent(row)]));
  const events = found.slice(0, limit);
  const isCut = found.length > limit;
  return {
    events,
    through: (isCut ? placeOf(events.at(-1)) : lastLookedAt(state)) ?? after,
    hasMore: isCut || Number(state.looked) === looksOf(reading),
  };
};

const placeOf = (event: FeedPlace | undefined): FeedPlace | null =>
  event === undefined ? null : { position: event.position, licenseId: event.licenseId, revision: event.revision };

const lastLookedAt = ({ last_position, last_license_id, last_revision }: StateColumns): FeedPlace | null =>
  last_position === null || last_license_id === null || last_revision === null
    ? null
    : { position: BigInt(last_position), licenseId: last_license_id, revision: BigInt(last_revision) };

const bigintOf = (text: string | null): bigint | null => (text === null ? null : BigInt(text));

const looksOf = ({ types, limit, lookMax = lookMaxDefault }: Reading): number =>
  types === null ? limit + 1 : Math.max(lookMax, limit + 1);

const lookMaxDefault = 5_000;

const readRows = async (db: PoolClient, reading: Reading, readableTo: bigint): Promise<readonly FeedRow[]> => {
  const { orgId, after, types, limit } = reading;
  // Each side is a walk of its own along an index by position, which one condition with "or" would not be. Events that
  // share the last position come all, so that those which are first in order are among them.
  const side = (belongs: string) =>
    `select e.issuer_org_id, e.license_id, e.revision, e.position, e.type from rm.license_events e
      where ${belongs} and e.position between $3 and $6 and (e.position, e.license_id, e.revision) > ($3, $4, $5)
      order by e.position fetch first $2 rows with ties`;
  const gaveAway = 'e.previous_holder_org_id = $1 and e.issuer_org_id <> $1 and e.holder_org_id is distinct from $1';
  const isPlace = 'e.position = $3 and e.license_id = $4 and e.revision = $5';
  const { rows } = await db.query<FeedRow>({
    text: `with looked as materialized (
        select * from ((${side('e.issuer_org_id = $1')})
          union all (${side('e.holder_org_id = $1 and e.issuer_org_id <> $1')})
          union all (${side(gaveAway)})) each_side
        order by position, license_id, revision limit $2
      ), last as (
        select position as last_position, license_id as last_license_id, revision as last_revision
        from looked order by position desc, license_id desc, revision desc limit 1
      ), fitting as (
        select * from looked where $8::text[] is null or type = any($8)
        order by position, license_id, revision limit $9
      )
      select v.version, last.*, (select count(*) from looked) as looked, ${eventColumns},
        exists (select from rm.license_events e where e.issuer_org_id = $1 and ${isPlace})
          or exists (select from rm.license_events e where e.holder_org_id = $1 and ${isPlace})
          or exists (select from rm.license_events e where e.previous_holder_org_id = $1 and ${isPlace}) as is_known
      from ops.projection_versions v left join last on true left join fitting f on true
        left join rm.license_events e using (issuer_org_id, license_id, revision)
      where v.projection = $7 and v.state = 'active'
      order by f.position, f.license_id, f.revision`,
    values: [
      ...[orgId, looksOf(reading), after?.position ?? -1, after?.licenseId ?? '', after?.revision ?? -1],
      ...[readableTo, readModelsName, types, limit + 1],
    ],
  });
  return rows;
};

const eventColumns = `e.event_id, e.type, e.schema_version, e.license_id, e.issuer_org_id, e.revision, e.position,
  ${epochMs('e.recorded_at')} as recorded_ms, ${epochMs('e.effective_at')} as effective_ms,
  e.actor_type, e.actor_id, e.on_behalf_of, e.reason_code, e.correlation_id, e.causation_id, e.data`;

const readEvent = (row: EventRow): FeedEvent => ({
  eventId: row.event_id,
  type: row.type,
  schemaVersion: row.schema_version,
  licenseId: row.license_id,
  issuerOrgId: row.issuer_org_id,
  revision: BigInt(row.revision),
  position: BigInt(row.position),
  recordedAt: fromMs(Number(row.recorded_ms)),
  effectiveAt: fromMs(Number(row.effective_ms)),
  actor: { type: row.actor_type, id: row.actor_id, onBehalfOf: row.on_behalf_of },
  reasonCode: row.reason_code,
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  data: row.data,
});

// One row, without an event, where there is none.
type FeedRow = StateColumns & (EventRow | { readonly event_id: null });

type StateColumns = {
  /** The version that serves at the moment of the reading. */
  readonly version: number;
  readonly looked: string;
  readonly last_position: string | null;
  readonly last_license_id: string | null;
  readonly last_revision: string | null;
  readonly is_known: boolean;
};

type EventRow = {
  readonly event_id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly license_id: string;
  readonly issuer_org_id: string;
  readonly revision: string;
  readonly position: string;
  readonly recorded_ms: string;
  readonly effective_ms: string;
  readonly actor_type: Actor['type'];
  readonly actor_id: string;
  readonly on_behalf_of: string | null;
  readonly reason_code: string | null;
  readonly correlation_id: string;
  readonly causation_id: string | null;
  readonly data: JsonObject;
};
