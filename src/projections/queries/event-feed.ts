import type { PoolClient } from 'pg';
import { withSuccessors } from '../../aggregates/successor-types.ts';
import type { Instant } from '../../domain/time.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { actorOf, eventView } from '../tables/license-events.ts';
import { readModelsName } from '../versions.ts';
import { type LogCoverage, readCoverage } from './feed-coverage.ts';
import type { FeedPlace } from './feed-place.ts';
import { type FeedOrder, feedQuery, feedQueryOfTypes } from './feed-sql.ts';
import { pageBytesMax } from './page-bytes.ts';

/** An event of a license, as an organization reads it. `position` is its commit position. */
export type FeedEvent = FeedPlace & {
  readonly eventId: string;
  readonly type: string;
  /** The version of `data`, which is as it was written. */
  readonly schemaVersion: number;
  readonly issuerOrgId: string;
  /** The index in the log of the issuer. Null: the reader is not the issuer. */
  readonly logIndex: bigint | null;
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
  /**
   * Every event up to here was read, now or earlier, and no further one will appear before it. Null: before the first.
   */
  readonly through: FeedPlace | null;
  /** There are more events after `through` already. */
  readonly hasMore: boolean;
  /** Null: no index of the organization's own log, as before its first event and when the tables are behind `after`. */
  readonly covered: LogCoverage | null;
  /** The tables have not reached the place from which a page goes backwards, so nobody knows what is before it. */
  readonly isBehind?: true;
};

type Reading = {
  readonly orgId: string;
  /** Where the previous page ended; null: before the first event of the order. */
  readonly after: FeedPlace | null;
  /** Default: the oldest event first. */
  readonly order?: FeedOrder;
  /** Only these types; null: all. */
  readonly types: readonly string[] | null;
  /** Only licenses of this issuer. Default: of any. */
  readonly issuer?: string | null;
  /** Only this license. Default: any. */
  readonly license?: string | null;
  readonly limit: number;
  /** The greatest number of events that are read in search of this issuer or license. */
  readonly readMax?: number;
  /** The greatest size of the data of a page, as JSON. A page has at least one event. Default: 4 MB. */
  readonly bytesMax?: number;
};

/**
 * Returns the events of licenses that an organization issues, or holds as of the event, in log order or backwards. Both
 * holders see a transfer. After it the previous holder sees only the announced ends of its own devices. No event is ever skipped: a page ends
 * before the first event of a parked stream, and is empty while the tables have not reached `after`. Returns null when
 * the log has no event at `after`, because it is another log or was restored to an earlier point. For asTenant of the
 * same organization.
 */
export const readFeed = async (db: PoolClient, reading: Reading): Promise<FeedPage | null> => {
  const { orgId, after, order = 'asc' } = reading;
  for (;;) {
    const extent = await readExtent(db, orgId);
    const { version, readableTo, lastIndex } = extent;
    if (readableTo === null || (after !== null && after.position > readableTo)) {
      const empty = { events: [], through: after, hasMore: false, covered: null };
      return after !== null && order === 'desc' ? { ...empty, isBehind: true } : empty;
    }
    const rows = await readRows(db, reading, readableTo);
    // Otherwise versions switched in between, and these may be rows of either.
    if (rows.version !== version) continue;
    const page = pageOf(reading, rows);
    if (page === null) return null;
    const { through, hasMore } = page;
    const covered = await readCoverage(db, { orgId, order, after, through, isEnd: !hasMore, readableTo, lastIndex });
    return { ...page, covered };
  }
};

/**
 * Returns the event with this id, a UUID, of a license that the tenant of `db` issues, or held at the event. Returns
 * null for any other.
 */
export const feedEventById = async (db: PoolClient, eventId: string): Promise<FeedEvent | null> => {
  const { rows } = await db.query<unknown[]>({
    name: 'feed-event-by-id',
    text: `select ${eventView.select} from rm.license_events e where e.event_id = $1 order by e.position limit 1`,
    values: [eventId],
    rowMode: 'array',
  });
  return rows[0] === undefined ? null : readEvent(rows[0]);
};

/**
 * Returns the place of the event at a revision of a license, as far as the tenant of `db` may read it, whatever position
 * `place` names. Returns null when there is none.
 */
export const placeOfEvent = async (
  db: PoolClient,
  { licenseId, revision }: Pick<FeedPlace, 'licenseId' | 'revision'>,
): Promise<FeedPlace | null> => {
  const { rows } = await db.query<{ position: string }>({
    name: 'place-of-event',
    // Each side has an index of its own. As one condition they would be a walk through the events of everybody.
    text: sides
      .map((side) => `(select position from rm.license_events where ${side} and license_id = $1 and revision = $2)`)
      .join(' union all '),
    values: [licenseId, revision],
  });
  return rows[0] === undefined ? null : { position: BigInt(rows[0].position), licenseId, revision };
};

// The conditions of the indexes.
const sides = [
  `issuer_org_id = current_setting('app.org_id')`,
  `holder_org_id = current_setting('app.org_id') and issuer_org_id <> holder_org_id`,
  `previous_holder_org_id = current_setting('app.org_id') and issuer_org_id <> previous_holder_org_id`,
];

/**
 * The serving version at one moment, and the position up to which no event is kept back from the organization.
 * `lastIndex`: see CoveredPage.
 */
type Extent = { readonly version: number; readonly readableTo: bigint | null; readonly lastIndex: bigint | null };

type ExtentRow = {
  readonly version: number;
  readonly projected_to: string | null;
  readonly parked_at: string | null;
  readonly last_index: string | null;
};

const readExtent = async (db: PoolClient, orgId: string): Promise<Extent> => {
  const { rows } = await db.query<ExtentRow>({
    name: 'feed-extent',
    // The "or" of the policy makes the planner expect few events, so that it would read and sort all instead of
    // walking.
    text: `select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
        v.version, c.commit_position as projected_to,
        (select min(p.position) from ops.parked_owners p where p.projection = v.projection and p.version = v.version
          and (p.issuer_org_id = $1 or p.holder_org_id = $1)) as parked_at,
        case when nullif(current_setting('app.products', true), '') is null
          then (select max(l.log_index) from rm.log_entries l where l.issuer_org_id = $1) end as last_index
      from ops.projection_versions v join ops.checkpoints c using (projection, version)
      where v.projection = $2 and v.state = 'active'`,
    values: [orgId, readModelsName],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('The database has no read models yet: `ledger start` makes them.');
  const projectedTo = bigintOf(row.projected_to);
  const parkedAt = bigintOf(row.parked_at);
  const isParked = projectedTo !== null && parkedAt !== null && parkedAt <= projectedTo;
  return {
    version: row.version,
    readableTo: isParked ? parkedAt - 1n : projectedTo,
    lastIndex: isParked ? null : bigintOf(row.last_index),
  };
};

const pageOf = (
  reading: Reading,
  { events, fitting, last, read, isKnown }: RowsRead,
): Omit<FeedPage, 'covered'> | null => {
  const { after, limit, order = 'asc' } = reading;
  if (after !== null && !isKnown) return null;
  const page = events.slice(0, limit);
  const isCut = fitting > page.length;
  const hasMore = isCut || read === readMaxOf(reading);
  // A reader who has come to the oldest event may go on from its page towards the newest.
  const endsWithPage = isCut || (order === 'desc' && !hasMore);
  return { events: page, through: (endsWithPage ? placeOf(page.at(-1)) : last) ?? after, hasMore };
};

const placeOf = (event: FeedPlace | undefined): FeedPlace | null =>
  event === undefined ? null : { position: event.position, licenseId: event.licenseId, revision: event.revision };

const bigintOf = (text: string | null): bigint | null => (text === null ? null : BigInt(text));

// An index has the events of each type in the order of the feed.
const isOfTypes = ({ types, issuer = null, license = null }: Reading): boolean =>
  types !== null && issuer === null && license === null;

const readMaxOf = ({ types, issuer = null, license = null, limit, readMax }: Reading): number => {
  if (types === null && issuer === null && license === null) return limit + 1;
  return Math.max(readMax ?? (license === null ? readMaxDefault : readMaxOfLicense), limit + 1);
};

const readMaxDefault = 5_000;
// Who follows a license reads its news often, and the past of a license is in its history.
const readMaxOfLicense = 500;

/** The greatest position that Postgres knows. */
const beyondLog = 2n ** 63n - 1n;

type RowsRead = {
  /** The version that serves at the moment of the reading. Null: none. */
  readonly version: number | null;
  /** The first events of the requested types and issuer, as far as a page has room for their data. */
  readonly events: readonly FeedEvent[];
  /** The number of events of these types and issuer among those that were read, at most one more than the limit. */
  readonly fitting: number;
  /** The number of events that were read in search of this issuer or license, and the place of the last event of any type. */
  readonly read: number;
  readonly last: FeedPlace | null;
  /** There is an event at `after`. */
  readonly isKnown: boolean;
};

const readRows = async (db: PoolClient, reading: Reading, readableTo: bigint): Promise<RowsRead> => {
  const { orgId, after, types, issuer = null, license = null, limit, order = 'asc', bytesMax = pageBytesMax } = reading;
  const from = [
    after?.position ?? (order === 'asc' ? -1 : beyondLog),
    after?.licenseId ?? '',
    after?.revision ?? -1,
    readableTo,
    readModelsName,
    withSuccessors(types),
    bytesMax,
  ];
  const { rows } = await db.query<FeedRow>({
    ...(isOfTypes(reading)
      ? { text: feedQueryOfTypes[order], values: [orgId, limit + 1, ...from] }
      : { text: feedQuery[order], values: [orgId, readMaxOf(reading), ...from, limit + 1, issuer, license] }),
    rowMode: 'array',
  });
  const [version = null, lastPosition = null, lastLicenseId, lastRevision, read = 0, isKnown = false, fitting = 0] =
    rows[0] ?? [];
  // One row without an event comes when there are no events.
  const entries = rows.filter((row) => row[7] !== null);
  return {
    version,
    events: entries.map((row) => readEvent(row.slice(stateColumns))),
    fitting: Number(fitting),
    read: Number(read),
    last:
      lastPosition === null
        ? null
        : { position: BigInt(lastPosition), licenseId: String(lastLicenseId), revision: BigInt(String(lastRevision)) },
    isKnown,
  };
};

type FeedRow = [
  version: number,
  lastPosition: string | null,
  lastLicenseId: string | null,
  lastRevision: string | null,
  read: string,
  isKnown: boolean,
  fitting: string,
  size: number | null,
  ...event: unknown[],
];

const stateColumns = 8;

const readEvent = (row: readonly unknown[]): FeedEvent => {
  const event = eventView.read(row);
  return {
    eventId: event.eventId,
    type: event.type,
    schemaVersion: event.schemaVersion,
    licenseId: event.licenseId,
    issuerOrgId: event.issuerOrgId,
    revision: event.revision,
    position: event.position,
    logIndex: event.logIndex,
    recordedAt: event.recordedAt,
    effectiveAt: event.effectiveAt,
    actor: actorOf(event),
    reasonCode: event.reasonCode,
    correlationId: event.correlationId,
    causationId: event.causationId,
    data: event.data,
  };
};
