import { tiers } from '../../../domain/license/policy.ts';
import { statuses } from '../../../domain/license/status.ts';
import {
  type Condition,
  type Conditions,
  exactly,
  indexed,
  instantOf,
  joined,
  type Matching,
  type OrderedMatches,
  pageConditions,
  rowConditions,
  type Side,
  type Statement,
  spanCondition,
} from './license-conditions.ts';
import { isByEnd, type Listing, orderOf, sortOf } from './license-listing.ts';

/**
 * Returns one SELECT for each walk along an index in the order of the list. Together they have each license of the
 * list once, in at least its first `limit` rows. One condition with "or" would make Postgres sort all licenses. A filter
 * with few matches is read whole in place of a walk.
 */
export const walksOf = (statement: Statement, matchings: readonly Matching[]): readonly string[] =>
  sidesOf(statement).flatMap((side) => {
    const matched = matchings.filter(({ hasAllHeld }) => side.of === 'issuer' || !hasAllHeld);
    const few = matched
      .filter(({ matches }) => matches[side.of] <= statement.matchesMax)
      .toSorted((a, b) => a.matches[side.of] - b.matches[side.of])
      .at(0);
    const inOrder = matched.filter(({ ordered }) => ordered !== null && isInOrder(statement, side, ordered));
    // One walk in place of several. Each of several would have to fill a page.
    const ordered = few ?? inOrder.find((matching) => matching.ordered?.columns !== 'TIER_AND_STATUS') ?? inOrder.at(0);
    // "is true" keeps Postgres from reading all matches from their index.
    const isMatch = ({ condition }: Matching) => `(${condition(statement)}) is true`;
    const judged = matched.filter((matching) => matching !== ordered).map(isMatch);
    if (few !== undefined) return sortedMatches(statement, few.relations(statement, side), judged);
    if (!ordered?.ordered) return walksOfSide(statement, side, judged);
    const changing = () => changingWalks(statement, () => [...side.conditions, ...judged, isMatch(ordered)]);
    const isRecorded = isByRecordedStatus(statement, ordered.ordered);
    return [matchWalk(statement, side, ordered.ordered, judged), ...(isRecorded ? changing() : [])];
  });

/**
 * Returns true for a list that walks along these matches: it has no other filter with a column, or only those of the
 * index. Matches without tier and status are also walked when the other filters leave many licenses.
 */
const isInOrder = (
  { listing, filtered, matchesMax }: Statement,
  { of, isOfBoth }: Side,
  { columns }: OrderedMatches,
): boolean => {
  if (isByEnd(sortOf(listing)) || isSelective(listing)) return false;
  if (columns !== 'TIER_AND_STATUS' && filtered[of] > matchesMax) return true;
  const { policy, product, tier, status } = listing;
  const others = [policy, product, ...(columns === 'TIER_AND_STATUS' ? [] : [tier, status])];
  return !isOfBoth && others.every((filter) => filter === undefined);
};

const walksOfSide = (statement: Statement, side: Side, judged: readonly string[]): readonly string[] => {
  const { listing } = statement;
  const conditions = [...side.conditions, ...judged];
  if (isSelective(listing)) return [walk(statement, [...conditions, ...exactly(statement)])];
  const recorded = [...conditions, ...indexed(statement)];
  const split = splitOf(listing, side);
  return [
    listing.product === undefined
      ? walk(statement, [...recorded, ...spanCondition(statement)], split)
      : productWalk(statement, recorded, split),
    ...changingWalks(statement, () => conditions),
  ];
};

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
  const isIssuer = issuer === undefined || issuer === orgId;
  const isHolder = issuer !== orgId && (holder === undefined || holder === orgId);
  return [
    ...(isIssuer ? [{ of: 'issuer' as const, isOfBoth: holder !== undefined, conditions: asIssuer() }] : []),
    ...(isHolder ? [{ of: 'holder' as const, isOfBoth: issuer !== undefined, conditions: asHolder() }] : []),
  ];
};

/** Filters by a value that few licenses have: its index is read, and nothing else is needed. */
const isSelective = ({ externalRef, keyHint }: Listing): boolean => externalRef !== undefined || keyHint !== undefined;

/** The columns that an index has before the order of the list, and that the list does not filter. */
type Split = Readonly<Record<string, readonly string[]>>;

/** Returns the columns for which a list walks along its index once for each value. */
const splitOf = (listing: Listing, { isOfBoth }: Side): Split => {
  const { tier, status, policy, product } = listing;
  // These indexes have nothing between the filter and the order.
  const isWhole = isByEnd(sortOf(listing)) || (product !== undefined && (isOfBoth || policy !== undefined));
  if (isWhole || (isOfBoth && policy !== undefined)) return {};
  if (tier === undefined && status === undefined && policy === undefined) return {};
  return missingOf(listing);
};

const missingOf = ({ tier, status }: Listing): Split => ({
  ...(tier === undefined ? { tier: tiers } : {}),
  ...(status === undefined ? { recorded_status: statuses } : {}),
});

/** Returns a SELECT that has the rows of `walked` for each combination of the values. `row`: its relation. */
const splitWalk = (split: Split, row: string, walked: (conditions: readonly string[]) => string): string => {
  const columns = Object.entries(split);
  if (columns.length === 0) return walked([]);
  const values = columns.map(
    ([name, all]) => `(values ${all.map((value) => `('${value}')`).join(', ')}) split_${name}(value)`,
  );
  const conditions = columns.map(([name]) => `${row}.${name} = split_${name}.value`);
  return `(select l.* from ${values.join(' cross join ')} cross join lateral ${walked(conditions)} l)`;
};

const walk = (statement: Statement, conditions: Conditions, split: Split = {}): string => {
  const all = [...conditions, ...pageConditions(statement), ...rowConditions(statement)];
  const order = orderOf(sortOf(statement.listing), 'l');
  return splitWalk(
    split,
    'l',
    (ofSplit) =>
      `(select l.* from rm.licenses l where ${joined([...all, ...ofSplit], 'l')} order by ${order} limit $1)`,
  );
};

/** Walks along the products of licenses. The policy and the other filters judge each license. */
const productWalk = (statement: Statement, conditions: Conditions, split: Split): string => {
  const { listing, parameter } = statement;
  const shared = conditions.filter((condition) => typeof condition !== 'string');
  const ofLicense = conditions.filter((condition) => typeof condition === 'string');
  const walked = [
    ...shared,
    ...pageConditions(statement),
    `p.product = ${parameter(listing.product)}`,
    'not p.removed',
  ];
  const judged = [
    'true',
    ...ofLicense,
    ...rowConditions(statement, { except: 'product' }),
    ...spanCondition(statement),
  ];
  return splitWalk(
    split,
    'p',
    (ofSplit) => `(select l.* from (select * from rm.license_products p where ${joined([...walked, ...ofSplit], 'p')}) p
      cross join lateral (select * from rm.licenses s where s.license_id = p.license_id limit 1) l
      where ${joined(judged, 'l')} order by ${orderOf(sortOf(listing), 'p')} limit $1)`,
  );
};

/** How a walk along matches uses the columns before the order. */
type ColumnsOfWalk = {
  readonly walked: Conditions;
  readonly ofLicense: Conditions;
  readonly split: Split;
};

/** Returns true when a walk along matches leaves out licenses with another status than the recorded one. */
const isByRecordedStatus = ({ listing }: Statement, { columns }: OrderedMatches): boolean =>
  columns === 'TIER_AND_STATUS' || (columns === 'ACTIVE' && listing.status !== undefined);

const columnsOfWalk = (statement: Statement, ordered: OrderedMatches): ColumnsOfWalk => {
  if (!isByRecordedStatus(statement, ordered)) return { walked: [], ofLicense: exactly(statement), split: {} };
  const span = spanCondition(statement);
  return ordered.columns === 'TIER_AND_STATUS'
    ? { walked: indexed(statement), ofLicense: span, split: missingOf(statement.listing) }
    : { walked: [], ofLicense: [...indexed(statement), ...span], split: {} };
};

/** Walks along the matches of a side. The other filters judge each license. */
const matchWalk = (statement: Statement, side: Side, ordered: OrderedMatches, judged: readonly string[]): string => {
  const columns = columnsOfWalk(statement, ordered);
  const walked = ['true', ...pageConditions(statement), ...columns.walked];
  const ofLicense = [...side.conditions, ...judged, ...rowConditions(statement), ...columns.ofLicense];
  const matches = ordered.relation(statement, side);
  return splitWalk(
    columns.split,
    'x',
    (ofSplit) => `(select l.* from ${matches} x
      cross join lateral (select * from rm.licenses s where s.license_id = x.license_id limit 1) l
      where ${joined([...walked, ...ofSplit], 'x')} and ${joined(ofLicense, 'l')}
      order by ${orderOf(sortOf(statement.listing), 'x')} limit $1)`,
  );
};

/** Returns SELECTs for licenses with another status than the recorded one, which the worker is about to record. */
const changingWalks = (statement: Statement, conditionsOf: () => Conditions): readonly string[] => {
  const { listing, parameter } = statement;
  if (listing.status === undefined || listing.status === 'REVOKED') return [];
  const side = conditionsOf();
  const now = instantOf(parameter(listing.now));
  const isDue = [
    `l.recorded_until <= ${now}`,
    `l.recorded_from > ${now} and (l.recorded_until is null or l.recorded_until > ${now})`,
  ];
  // "offset 0" makes Postgres read these few first. Its statistics may be older than the last minutes.
  return isDue.map((due) =>
    sortedRows(statement, `(select * from rm.licenses l where ${joined(side, 'l')} and ${due} offset 0)`, []),
  );
};

/** Returns SELECTs that read all matches and sort them. */
const sortedMatches = (
  statement: Statement,
  relations: readonly string[],
  judged: readonly string[],
): readonly string[] => relations.map((relation) => sortedRows(statement, relation, judged));

const sortedRows = (statement: Statement, relation: string, conditions: readonly string[]): string => {
  const judged = [
    'true',
    ...exactly(statement),
    ...conditions,
    ...pageConditions(statement),
    ...rowConditions(statement),
  ];
  return `(select l.* from ${relation} l where ${joined(judged, 'l')}
    order by ${orderOf(sortOf(statement.listing), 'l')} limit $1)`;
};
