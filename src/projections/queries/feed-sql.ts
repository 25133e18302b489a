import { eventView } from '../tables/license-events.ts';

/** The order of a page: the oldest event first, or the newest. */
export type FeedOrder = 'asc' | 'desc';

const places = 'e.issuer_org_id, e.license_id, e.revision, e.position, e.type';
const isInPage: Readonly<Record<FeedOrder, string>> = {
  asc: 'e.position between $3 and $6 and (e.position, e.license_id, e.revision) > ($3, $4, $5)',
  desc: 'e.position <= $3 and e.position <= $6 and (e.position, e.license_id, e.revision) < ($3, $4, $5)',
};
const asIssuer = 'e.issuer_org_id = $1';
// The same conditions as those of the indexes, which leave out what an organization holds of its own.
const asHolder = 'e.holder_org_id = $1 and e.issuer_org_id <> e.holder_org_id';
const wasHolder = 'e.previous_holder_org_id = $1 and e.issuer_org_id <> e.previous_holder_org_id';
const gaveAway = `${wasHolder} and e.holder_org_id is distinct from $1`;

// Postgres walks along an index by position for each side. One condition with "or" would prevent that. Events that
// share the last position come all, so that the first ones in the order of the feed are among them.
const sidesOf = (side: (belongs: string) => string): string =>
  [asIssuer, asHolder, gaveAway].map((belongs) => `(${side(belongs)})`).join(' union all ');

const inOrder = (order: FeedOrder): string =>
  sidesOf(
    (belongs) => `select ${places} from rm.license_events e
    where ${belongs} and ${isInPage[order]} order by e.position ${order} fetch first $2 rows with ties`,
  );
const inOrderOfType = (order: FeedOrder): string =>
  sidesOf(
    (belongs) => `select ${places} from rm.license_events e
    where ${belongs} and e.type = t.type and ${isInPage[order]} order by e.position ${order} fetch first $2 rows with ties`,
  );
/** The event that is last in an order, of any type. */
const furthest = (order: FeedOrder): string =>
  sidesOf(
    (belongs) => `select ${places} from rm.license_events e
    where ${belongs} and ${isInPage[order]} order by e.position ${reversed[order]} fetch first 1 rows with ties`,
  );

const reversed = { asc: 'desc', desc: 'asc' } as const;

const by = (order: FeedOrder, table = ''): string =>
  ['position', 'license_id', 'revision'].map((name) => `${table}${name} ${order}`).join(', ');

const isAfter = 'e.position = $3 and e.license_id = $4 and e.revision = $5';
const lastOf = (relation: string, order: FeedOrder) => `select position as last_position,
    license_id as last_license_id, revision as last_revision from ${relation} events order by ${by(reversed[order])} limit 1`;

// A page ends by the sizes of the data, which come without reading it.
const selectFitting = (read: string, order: FeedOrder) => `, begun as (
    select f.*, sum(e.data_bytes) over in_order as bytes, row_number() over in_order as number
    from fitting f join rm.license_events e using (issuer_org_id, license_id, revision)
    window in_order as (order by ${by(order, 'f.')} rows unbounded preceding)
  )
  select v.version, last.*, ${read},
    exists (select from rm.license_events e where ${asIssuer} and ${isAfter})
      or exists (select from rm.license_events e where ${asHolder} and ${isAfter})
      or exists (select from rm.license_events e where ${wasHolder} and ${isAfter}),
    (select count(*) from fitting), f.number, ${eventView.select}
  from ops.projection_versions v left join last on true
    left join begun f on f.number = 1 or f.bytes <= $9
    left join rm.license_events e using (issuer_org_id, license_id, revision)
  where v.projection = $7 and v.state = 'active'
  order by ${by(order, 'f.')}`;

const feedQueryIn = (order: FeedOrder): string => `with read as materialized (
    select * from (${inOrder(order)}) sides order by ${by(order)} limit $2
  ), last as (${lastOf('read', order)}), fitting as (
    select * from read where ($8::text[] is null or type = any($8)) and ($11::text is null or issuer_org_id = $11)
      and ($12::text is null or license_id = $12)
    order by ${by(order)} limit $10
  )
  ${selectFitting('(select count(*) from read)', order)}`;

const feedQueryOfTypesIn = (order: FeedOrder): string => `with fitting as materialized (
    select sides.* from (select distinct unnest($8::text[]) as type) t cross join lateral (${inOrderOfType(order)}) sides
    order by ${by(order)} limit $2
  ), last as (${lastOf(`(${furthest(order)})`, order)})
  ${selectFitting('0', order)}`;

/**
 * Reads at most $2 events, and returns the first $10 of them with the types $8, the issuer $11 and the license $12; null is any. Their data
 * has $9 bytes together at most, unless it is that of one event.
 */
export const feedQuery: Readonly<Record<FeedOrder, string>> = { asc: feedQueryIn('asc'), desc: feedQueryIn('desc') };

/** Returns the first $2 events of the types $8. The last event that was read is the furthest one of any type. */
export const feedQueryOfTypes: Readonly<Record<FeedOrder, string>> = {
  asc: feedQueryOfTypesIn('asc'),
  desc: feedQueryOfTypesIn('desc'),
};
