import type { Tier } from '../../domain/license/policy.ts';
import type { Status } from '../../domain/license/status.ts';
import type { Instant } from '../../domain/time.ts';
import type { Matches } from './license-matches.ts';
import { beginsWith } from './prefix.ts';

/** The orders of a list of licenses. Those with `-` have the greatest value first. */
export const licenseSorts = ['-createdAt', 'createdAt', 'expiresAt', '-expiresAt'] as const;
export type LicenseSort = (typeof licenseSorts)[number];

/** The permanent place of a license in a list. `instant`: of its creation or its end, by the order. Null: no end. */
export type LicensePlace = { readonly instant: Instant | null; readonly licenseId: string };

/** The filters of a list of licenses, its order and its page. */
export type Listing = {
  readonly orgId: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** Where the previous page ended; null: the first page. */
  readonly after: LicensePlace | null;
  /** Default: `defaultSort` of the filters. */
  readonly sort?: LicenseSort | undefined;
  readonly status?: Status | undefined;
  readonly tier?: Tier | undefined;
  readonly product?: string | undefined;
  readonly externalRef?: string | undefined;
  /** The last group of the current key. */
  readonly keyHint?: string | undefined;
  readonly holder?: string | undefined;
  readonly issuer?: string | undefined;
  /** Only terms that end before this instant. */
  readonly expiresBefore?: Instant | undefined;
  /** Only terms that end at this instant or later. */
  readonly expiresAfter?: Instant | undefined;
  /** The beginning of the reference or of the holder's name, in upper or lower case. */
  readonly q?: string | undefined;
  /** `status` is the status at this instant. */
  readonly now: Instant;
};

/** Returns the order of a list that names none: by the end of the term when it is filtered by that, else newest first. */
export const defaultSort = ({ expiresBefore, expiresAfter }: Omit<Listing, OfPage>): LicenseSort =>
  expiresBefore === undefined && expiresAfter === undefined ? '-createdAt' : 'expiresAt';
type OfPage = 'orgId' | 'limit' | 'after' | 'now';

/** Returns true when an index has this order for these filters: a list by the end of the term is in that order only. */
export const isServed = (sort: LicenseSort, filters: Omit<Listing, OfPage>): boolean =>
  isByEnd(sort) || !isByEnd(defaultSort(filters));

/** Returns true for the orders by the end of the term. */
export const isByEnd = (sort: LicenseSort): boolean => sort === 'expiresAt' || sort === '-expiresAt';

/** What a statement is made of: the listing, and a function that adds a parameter and returns its place. */
export type Statement = { readonly listing: Listing; readonly parameter: (value: unknown) => string };

/** Returns the order of a list as SQL. `row`: the name of a relation with the columns of lists. */
export const orderOf = (sort: LicenseSort, row: string): string => {
  const direction = sort.startsWith('-') ? 'desc' : 'asc';
  return `${row}.${isByEnd(sort) ? 'ends_at' : 'created_at'} ${direction}, ${row}.license_id ${direction}`;
};

/**
 * Returns one SELECT for each walk along an index in the order of the list. Together they have each license of the
 * list once, in at least its first `limit` rows. One condition with "or" would make Postgres sort all licenses.
 * `matches`: what `q` matches. Null: the list has no `q`.
 */
export const walksOf = (statement: Statement, matches: Matches | null): readonly string[] =>
  sidesOf(statement).flatMap(({ of, conditions }) => {
    // Each license that it holds has the name of the organization.
    if (matches === null || (of === 'holder' && matches.holders.includes(statement.listing.orgId)))
      return walksOfSide(statement, conditions);
    if (!matches.isMany[of]) return [...sortedMatches(statement, conditions, matches)];
    const matching = matchConditions(statement, matches).join(' or ');
    // "is true" keeps Postgres from reading all matches from their index.
    return walksOfSide(statement, [...conditions, `(${matching}) is true`]);
  });

const walksOfSide = (statement: Statement, side: Conditions): readonly string[] => {
  const { listing } = statement;
  if (isSelective(listing)) return [walk(statement, [...side, ...exactly(statement)])];
  const recorded =
    listing.product === undefined
      ? walk(statement, [...side, ...indexed(statement), ...spanCondition(statement)])
      : productWalk(statement, side);
  return [recorded, ...changingWalks(statement, side)];
};

type Conditions = readonly (string | Condition)[];

/** A condition for the columns that rm.licenses and rm.license_products share. `row`: the name of the relation. */
type Condition = (row: string) => string;

/** The licenses that the organization issues, or the others that it holds. */
type Side = { readonly of: 'issuer' | 'holder'; readonly conditions: readonly Condition[] };

/** Returns the side of the issuer, and the side of the holder. A license is on one of them only. */
const sidesOf = ({ listing: { orgId, holder, issuer }, parameter }: Statement): readonly Side[] => {
  const column = (name: string, value: string): Condition => {
    const place = parameter(value);
    return (row) => `${row}.${name} = ${place}`;
  };
  const asIssuer = () => [
    column('issuer_org_id', orgId),
    ...(holder === undefined ? [] : [column('holder_org_id', holder)]),
  ];
  const asHolder = () => [
    column('other_holder_org_id', orgId),
    // The index of an issuer and a holder begins with these.
    ...(issuer === undefined ? [] : [column('issuer_org_id', issuer), column('holder_org_id', orgId)]),
  ];
  return [
    ...(issuer === undefined || issuer === orgId ? [{ of: 'issuer' as const, conditions: asIssuer() }] : []),
    ...(issuer !== orgId && (holder === undefined || holder === orgId)
      ? [{ of: 'holder' as const, conditions: asHolder() }]
      : []),
  ];
};

/** Filters by a value that few licenses have: its index is read, and nothing else is needed. */
const isSelective = ({ externalRef, keyHint }: Listing): boolean => externalRef !== undefined || keyHint !== undefined;

/** Returns the conditions of tier and recorded status, which an index serves next to those of the side. */
const indexed = ({ listing: { status, tier }, parameter }: Statement): readonly Condition[] => {
  const column = (name: string, value: string | undefined): readonly Condition[] => {
    if (value === undefined) return [];
    const place = parameter(value);
    return [(row) => `${row}.${name} = ${place}`];
  };
  return [...column('tier', tier), ...column('recorded_status', status)];
};

const sortOf = (listing: Listing): LicenseSort => listing.sort ?? defaultSort(listing);

const walk = (statement: Statement, conditions: Conditions): string => {
  const { listing } = statement;
  const all = [...conditions, ...pageConditions(statement), ...rowConditions(statement)];
  return `(select l.* from rm.licenses l where ${joined(all, 'l')} order by ${orderOf(sortOf(listing), 'l')} limit $1)`;
};

/** Walks along the products of licenses. The policy and the other filters judge each license. */
const productWalk = (statement: Statement, side: Conditions): string => {
  const { listing, parameter } = statement;
  const shared = side.filter((condition) => typeof condition !== 'string');
  const ofLicense = side.filter((condition) => typeof condition === 'string');
  const walked = [...shared, ...indexed(statement), ...pageConditions(statement)];
  const judged = [
    'true',
    ...ofLicense,
    ...rowConditions(statement, { except: 'product' }),
    ...spanCondition(statement),
  ];
  return `(select l.* from (select * from rm.license_products p
      where ${joined(walked, 'p')} and p.product = ${parameter(listing.product)} and not p.removed) p
    cross join lateral (select * from rm.licenses s where s.license_id = p.license_id limit 1) l
    where ${joined(judged, 'l')} order by ${orderOf(sortOf(listing), 'p')} limit $1)`;
};

/** Returns SELECTs for licenses with another status than the recorded one, which the worker is about to record. */
const changingWalks = (statement: Statement, side: Conditions): readonly string[] => {
  const { listing, parameter } = statement;
  if (listing.status === undefined || listing.status === 'REVOKED') return [];
  const now = instantOf(parameter(listing.now));
  const isDue = [
    `l.recorded_until <= ${now}`,
    `l.recorded_from > ${now} and (l.recorded_until is null or l.recorded_until > ${now})`,
  ];
  // "offset 0" makes Postgres read these few first. Its statistics may be older than the last minutes.
  return isDue.map((due) => {
    const judged = [...exactly(statement), ...pageConditions(statement), ...rowConditions(statement)];
    return `(select l.* from (select * from rm.licenses l where ${joined(side, 'l')} and ${due} offset 0) l
      where ${joined(judged, 'l')} order by ${orderOf(sortOf(listing), 'l')} limit $1)`;
  });
};

/** Returns SELECTs that read all matches and sort them: those by their reference, and the others by their holder. */
const sortedMatches = (statement: Statement, side: Conditions, matches: Matches): readonly string[] => {
  const order = orderOf(sortOf(statement.listing), 'l');
  const [byReference, byHolder] = matchConditions(statement, matches);
  const matching = [byReference, ...(byHolder === undefined ? [] : [`${byHolder} and (${byReference}) is not true`])];
  return matching.map((condition) => {
    const judged = [...exactly(statement), ...pageConditions(statement), ...rowConditions(statement)];
    return `(select l.* from (select * from rm.licenses l where ${joined(side, 'l')} and ${condition} offset 0) l
      where ${joined(['true', ...judged], 'l')} order by ${order} limit $1)`;
  });
};

const matchConditions = ({ parameter }: Statement, { q, holders }: Matches): readonly [string, ...string[]] => {
  const byReference = beginsWith('l.external_ref_lower', parameter(q));
  return [byReference, ...(holders.length === 0 ? [] : [`l.holder_org_id = any(${parameter(holders)})`])];
};

/** Returns the conditions that an index can serve next to those of the side: the page and the range of ends. */
const pageConditions = ({ listing, parameter }: Statement): readonly Condition[] => {
  const { after, expiresBefore, expiresAfter } = listing;
  const sort = sortOf(listing);
  const operator = sort.startsWith('-') ? '<' : '>';
  const instant = after === null ? '' : instantOf(parameter(after.instant ?? 'infinity'));
  const before = expiresBefore === undefined && expiresAfter !== undefined ? 'infinity' : expiresBefore;
  return [
    ...(after === null
      ? []
      : [
          (row: string) =>
            `(${row}.${isByEnd(sort) ? 'ends_at' : 'created_at'}, ${row}.license_id) ${operator} (${instant}, ${parameter(after.licenseId)})`,
        ]),
    ...(before === undefined ? [] : [(row: string) => `${row}.ends_at < ${instantOf(parameter(before))}`]),
    ...(expiresAfter === undefined ? [] : [(row: string) => `${row}.ends_at >= ${instantOf(parameter(expiresAfter))}`]),
  ];
};

/** Returns the conditions that only rm.licenses can judge. */
const rowConditions = (
  { listing, parameter }: Statement,
  { except }: { readonly except?: 'product' } = {},
): readonly string[] => {
  const { externalRef, keyHint, product } = listing;
  return [
    ...(externalRef === undefined ? [] : [`l.external_ref = ${parameter(externalRef)}`]),
    ...(keyHint === undefined ? [] : [`l.key_hint = ${parameter(keyHint)}`]),
    // Under row-level security the planner takes `= any` for rare, and would sort all licenses for it.
    ...(product === undefined || except === 'product'
      ? []
      : [`array_position(l.products, ${parameter(product)}::text) is not null`]),
  ];
};

/** Returns the conditions of status and tier without a part of an index. */
const exactly = ({ listing, parameter }: Statement): readonly string[] => {
  const { status, tier, now } = listing;
  return [
    ...(tier === undefined ? [] : [`l.tier = ${parameter(tier)}`]),
    ...(status === undefined ? [] : [hasStatus(status, () => instantOf(parameter(now)))]),
  ];
};

/** Returns the condition under which the recorded status of a walk is the status. */
const spanCondition = ({ listing, parameter }: Statement): readonly string[] => {
  const { status } = listing;
  if (status === undefined || status === 'REVOKED') return [];
  const now = instantOf(parameter(listing.now));
  return [
    `(l.recorded_from is null or l.recorded_from <= ${now})`,
    `(l.recorded_until is null or l.recorded_until > ${now})`,
  ];
};

const joined = (conditions: readonly (string | Condition)[], row: string): string =>
  conditions.map((condition) => (typeof condition === 'string' ? condition : condition(row))).join(' and ');

const instantOf = (parameter: string): string => `${parameter}::timestamptz`;

// The status of src/domain/license/status.ts in SQL. A test compares the two.
const hasStatus = (status: Status, nowOf: () => string): string => {
  if (status === 'REVOKED') return 'l.revoked_at is not null';
  const now = nowOf();
  const suspended = `(l.suspension_reason is not null and (l.suspended_until is null or l.suspended_until > ${now})
    or l.more ? 'scheduled' and exists (select from jsonb_array_elements(l.more->'scheduled') later
      where later->'change'->>'kind' = 'SUSPENSION' and (later->>'effectiveAt')::timestamptz <= ${now}
        and coalesce((later->'change'->>'until')::timestamptz > ${now}, true)))`;
  const expired = `coalesce(l.expires_at + make_interval(secs => (l.policy->>'expiryGraceSeconds')::bigint) <= ${now}, false)`;
  switch (status) {
    case 'SUSPENDED':
      return `l.revoked_at is null and ${suspended}`;
    case 'EXPIRED':
      return `l.revoked_at is null and not ${suspended} and ${expired}`;
    case 'ACTIVE':
      return `l.revoked_at is null and not ${suspended} and not ${expired}`;
  }
};
