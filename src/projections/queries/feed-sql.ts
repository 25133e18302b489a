import { eventView } from '../tables/license-events.ts';

const places = 'e.issuer_org_id, e.license_id, e.revision, e.position, e.type';
const isInPage = 'e.position between $3 and $6 and (e.position, e.license_id, e.revision) > ($3, $4, $5)';
const asIssuer = 'e.issuer_org_id = $1';
// The same conditions as those of the indexes, which leave out what an organization holds of its own.
const asHolder = 'e.holder_org_id = $1 and e.issuer_org_id <> e.holder_org_id';
const wasHolder = 'e.previous_holder_org_id = $1 and e.issuer_org_id <> e.previous_holder_org_id';
const gaveAway = `${wasHolder} and e.holder_org_id is distinct from $1`;

// Postgres walks along an index by position for each side. One condition with "or" would prevent that. Events that
// share the last position come all, so that the first ones in the order of the feed are among them.
const sidesOf = (side: (belongs: string) => string): string =>
  [asIssuer, asHolder, gaveAway].map((belongs) => `(${side(belongs)})`).join(' union all ');

const inOrder = sidesOf(
  (belongs) => `select ${places} from rm.license_events e
    where ${belongs} and ${isInPage} order by e.position fetch first $2 rows with ties`,
);
const inOrderOfType = sidesOf(
  (belongs) => `select ${places} from rm.license_events e
    where ${belongs} and e.type = t.type and ${isInPage} order by e.position fetch first $2 rows with ties`,
);
const newest = sidesOf(
  (belongs) => `select ${places} from rm.license_events e
    where ${belongs} and ${isInPage} order by e.position desc fetch first 1 rows with ties`,
);

const isAfter = 'e.position = $3 and e.license_id = $4 and e.revision = $5';
const lastOf = (relation: string) => `select position as last_position, license_id as last_license_id,
    revision as last_revision from ${relation} events order by position desc, license_id desc, revision desc limit 1`;

// A page ends by the sizes of the data, which come without reading it.
const selectFitting = (read: string) => `, begun as (
    select f.*, sum(e.data_bytes) over in_order as bytes, row_number() over in_order as number
    from fitting f join rm.license_events e using (issuer_org_id, license_id, revision)
    window in_order as (order by f.position, f.license_id, f.revision rows unbounded preceding)
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
  order by f.position, f.license_id, f.revision`;

/**
 * Reads at most $2 events, and returns the first $10 of them with the types $8 and the issuer $11; null is any. Their data
 * has $9 bytes together at most, unless it is that of one event.
 */
export const feedQuery = `with read as materialized (
    select * from (${inOrder}) sides order by position, license_id, revision limit $2
  ), last as (${lastOf('read')}), fitting as (
    select * from read where ($8::text[] is null or type = any($8)) and ($11::text is null or issuer_org_id = $11)
    order by position, license_id, revision limit $10
  )
  ${selectFitting('(select count(*) from read)')}`;

/** Returns the first $2 events of the types $8. The last event that was read is the newest one of any type. */
export const feedQueryOfTypes = `with fitting as materialized (
    select sides.* from (select distinct unnest($8::text[]) as type) t cross join lateral (${inOrderOfType}) sides
    order by position, license_id, revision limit $2
  ), last as (${lastOf(`(${newest})`)})
  ${selectFitting('0')}`;
