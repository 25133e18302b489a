import type { PoolClient } from 'pg';
import type { Status } from '../../../domain/license/status.ts';
import { isByEnd, type Listing, sortOf } from './license-listing.ts';

/** What a statement is made of. `parameter` adds a parameter and returns its place. */
export type Statement = {
  readonly listing: Listing;
  readonly parameter: (value: unknown) => string;
  /** Up to so many matches are read whole and sorted. */
  readonly matchesMax: number;
  /** How many licenses the filters with columns leave, up to one more than `matchesMax`. 0: not counted. */
  readonly filtered: Matching['matches'];
};

/** Conditions of a list. A text is about a license `l`. */
export type Conditions = readonly (string | Condition)[];

/** A condition for the columns that rm.licenses and rm.license_products share. `row`: the name of the relation. */
export type Condition = (row: string) => string;

/** The licenses that the organization issues, or the others that it holds. */
export type Side = {
  readonly of: 'issuer' | 'holder';
  /** The conditions name the issuer and the holder. */
  readonly isOfBoth: boolean;
  readonly conditions: readonly Condition[];
};

/** A filter that is read from another index than those of the order of lists. */
export type Matching = {
  /** How many licenses match on each side. One more than `matchesMax` stands for more. */
  readonly matches: Readonly<Record<Side['of'], number>>;
  /** Every license of the holder's side matches. */
  readonly hasAllHeld: boolean;
  /** Returns relations that together have each matching license of a side once. */
  readonly relations: (statement: Statement, side: Side) => readonly string[];
  /** A relation that an index has in the order of lists. Null: there is none. */
  readonly ordered: OrderedMatches | null;
  /** Returns the condition of a match on a license `l`. */
  readonly condition: (statement: Statement) => string;
};

/** No license on either side. */
export const noMatches: Matching['matches'] = { issuer: 0, holder: 0 };

/** Matches in the order of lists. */
export type OrderedMatches = {
  readonly relation: (statement: Statement, side: Side) => string;
  /**
   * The columns that the relation has for a walk: tier and recorded status. ACTIVE: it has none, and leaves out
   * licenses with another recorded status when the list filters by ACTIVE, or those with ACTIVE when it filters by
   * another one.
   * Null: none.
   */
  readonly columns: 'TIER_AND_STATUS' | 'ACTIVE' | null;
};

/** Counts the matches of an organization, up to one more than `matchesMax`. For asTenant of it. */
export type Probe = { readonly db: PoolClient; readonly orgId: string; readonly matchesMax: number };

/** Returns the conditions of policy, tier and recorded status, which an index serves next to those of the side. */
export const indexed = ({ listing: { status, tier, policy }, parameter }: Statement): readonly Condition[] => {
  const column = (name: string, value: string | undefined): readonly Condition[] => {
    if (value === undefined) return [];
    const place = parameter(value);
    return [(row) => `${row}.${name} = ${place}`];
  };
  return [...column('policy_id', policy), ...column('tier', tier), ...column('recorded_status', status)];
};

/** Returns the conditions that an index can serve next to those of the side: the page and the range of ends. */
export const pageConditions = ({ listing, parameter }: Statement): readonly Condition[] => {
  const { after, expiresBefore, expiresAfter, isExpiring, lastValidatedBefore, now } = listing;
  const sort = sortOf(listing);
  const operator = sort.startsWith('-') ? '<' : '>';
  const instant = after === null ? '' : instantOf(parameter(after.instant ?? 'infinity'));
  const before = expiresBefore ?? (expiresAfter !== undefined || isExpiring ? 'infinity' : undefined);
  return [
    ...(after === null
      ? []
      : [
          (row: string) =>
            `(${row}.${isByEnd(sort) ? 'ends_at' : 'created_at'}, ${row}.license_id) ${operator} (${instant}, ${parameter(after.licenseId)})`,
        ]),
    // Younger licenses do not match. A walk begins behind them.
    ...(lastValidatedBefore === undefined || isByEnd(sort)
      ? []
      : [(row: string) => `${row}.created_at < ${instantOf(parameter(lastValidatedBefore))}`]),
    ...(isExpiring ? [(row: string) => `${row}.ends_at > ${instantOf(parameter(now))}`] : []),
    ...(before === undefined ? [] : [(row: string) => `${row}.ends_at < ${instantOf(parameter(before))}`]),
    ...(expiresAfter === undefined ? [] : [(row: string) => `${row}.ends_at >= ${instantOf(parameter(expiresAfter))}`]),
  ];
};

/** Returns the conditions that only rm.licenses can judge. */
export const rowConditions = (
  { listing, parameter }: Statement,
  { except }: { readonly except?: 'product' } = {},
): readonly string[] => {
  const { externalRef, keyHint, product, isExpiring, hasBegun, suspendedFor, now } = listing;
  return [
    ...(hasBegun ? [`coalesce(l.starts_at <= ${instantOf(parameter(now))}, true)`] : []),
    ...(isExpiring ? [`l.near_end_from <= ${instantOf(parameter(now))}`] : []),
    ...(suspendedFor === undefined ? [] : [`l.suspension_reason = ${parameter(suspendedFor)}`]),
    ...(externalRef === undefined ? [] : [`l.external_ref = ${parameter(externalRef)}`]),
    ...(keyHint === undefined ? [] : [`l.key_hint = ${parameter(keyHint)}`]),
    // Under row-level security the planner takes `= any` for rare, and would sort all licenses for it.
    ...(product === undefined || except === 'product'
      ? []
      : [`array_position(l.products, ${parameter(product)}::text) is not null`]),
  ];
};

/** Returns the conditions of policy, tier and status without a part of an index. */
export const exactly = ({ listing, parameter }: Statement): readonly string[] => {
  const { status, tier, policy, now } = listing;
  return [
    ...(policy === undefined ? [] : [`l.policy_id = ${parameter(policy)}`]),
    ...(tier === undefined ? [] : [`l.tier = ${parameter(tier)}`]),
    ...(status === undefined ? [] : [hasStatus(status, () => instantOf(parameter(now)))]),
  ];
};

/** Returns the condition under which the recorded status of a walk is the status. */
export const spanCondition = ({ listing, parameter }: Statement): readonly string[] => {
  const { status } = listing;
  if (status === undefined || status === 'REVOKED') return [];
  const now = instantOf(parameter(listing.now));
  return [
    `(l.recorded_from is null or l.recorded_from <= ${now})`,
    `(l.recorded_until is null or l.recorded_until > ${now})`,
  ];
};

/** Returns all conditions on a row. */
export const joined = (conditions: readonly (string | Condition)[], row: string): string =>
  conditions.map((condition) => (typeof condition === 'string' ? condition : condition(row))).join(' and ');

/** Returns a parameter as an instant. */
export const instantOf = (parameter: string): string => `${parameter}::timestamptz`;

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
