import type { LeveledUsage, UsageLevel } from '../../../domain/license/usage/usage-levels.ts';
import { joined, type Matching, noMatches, type OrderedMatches, type Probe, type Side } from './license-conditions.ts';
import { type MetadataValue, metadataValue } from './metadata-value.ts';

type Parameter = (value: unknown) => string;

/** A table with rows of licenses, for a filter that rm.licenses has no column for. */
type Elsewhere = {
  /** Returns the table with conditions on its rows `x`, which do not name the organization. */
  readonly rows: (parameter: Parameter) => string;
  /** Returns a scalar subquery that is true for a license `l` that matches. */
  readonly isMatch: (parameter: Parameter) => string;
  /** What an index in the order of lists has: `created_at`, and `tier` and `recorded_status` when it has them. */
  readonly ordered: { readonly selected: string; readonly columns: OrderedMatches['columns'] } | null;
  /** Returns the condition of a side. */
  readonly side: (of: Side['of'], orgId: string) => string;
};

/** Returns what a user matches: the licenses that it is assigned to under one of these references. */
export const matchingUser = (probe: Probe, userRefs: readonly string[]): Promise<Matching> =>
  matchingElsewhere(probe, {
    rows: (parameter) =>
      `rm.license_users x where x.user_ref = any(${parameter(userRefs)}) and x.unassigned_at is null`,
    isMatch: (parameter) => `(select true from rm.license_users x where x.issuer_org_id = l.issuer_org_id
      and x.license_id = l.license_id and x.user_ref = any(${parameter(userRefs)}) and x.unassigned_at is null limit 1)`,
    ordered: null,
    // "is true" keeps Postgres from reading all users of the organization.
    side: (of, org) => `(${sides[of](org)}) is true`,
  });

/**
 * Returns what a member of the metadata matches. A list does not walk along matches when one has no date, or when they
 * differ in their value.
 */
export const matchingMetadata = async (
  probe: Probe,
  { name, value }: { readonly name: string; readonly value: string },
): Promise<Matching> => {
  const member = metadataValue(value);
  const { condition, isOneValue } = member;
  const isUndated = await hasUndated(probe, name, member);
  return matchingElsewhere(probe, {
    rows: (parameter) =>
      `vault.license_metadata_values x where x.name = ${parameter(name)} and ${condition(parameter)}`,
    isMatch: (parameter) => `(select true from vault.license_metadata_values x where x.issuer_org_id = l.issuer_org_id
      and x.name = ${parameter(name)} and ${condition(parameter)}
      and x.license_created_at = ${isUndated ? "any(array[l.created_at, 'infinity'])" : 'l.created_at'}
      and x.license_id = l.license_id limit 1)`,
    ordered: isUndated || !isOneValue ? null : { selected: 'x.license_created_at as created_at', columns: null },
    side: (of, org) => sides[of](org),
  });
};

const hasUndated = async (
  { db, orgId }: Probe,
  name: string,
  { condition, isOneValue }: MetadataValue,
): Promise<boolean> => {
  const values: unknown[] = [];
  const undated = (of: Side['of']) => {
    const parameter = (value: unknown) => `$${values.push(value)}`;
    return `exists (select from vault.license_metadata_values x where x.name = ${parameter(name)}
      and ${condition(parameter)} and x.license_created_at = 'infinity' and ${sides[of](parameter(orgId))})`;
  };
  const { rows } = await db.query<{ undated: boolean }>({
    name: `has-undated-metadata-of-${isOneValue ? 'one' : 'two'}`,
    text: `select ${undated('issuer')} or ${undated('holder')} as undated`,
    values,
  });
  return rows[0]?.undated === true;
};

/** Returns what a level of a usage matches. */
export const matchingLevel = (
  probe: Probe,
  { usage, level }: { readonly usage: LeveledUsage; readonly level: UsageLevel },
): Promise<Matching> => {
  const isAtLevel = (parameter: Parameter) => `x.usage = ${parameter(usage)} and x.level = ${parameter(level)}`;
  return matchingElsewhere(probe, {
    rows: (parameter) => `rm.license_usage_levels x where ${isAtLevel(parameter)}`,
    isMatch: (parameter) => `(select true from rm.license_usage_levels x where x.issuer_org_id = l.issuer_org_id
      and x.license_id = l.license_id and ${isAtLevel(parameter)} limit 1)`,
    ordered: { selected: 'x.created_at, x.tier, x.recorded_status', columns: 'TIER_AND_STATUS' },
    side: (of, org) => (of === 'issuer' ? `x.issuer_org_id = ${org}` : `x.other_holder_org_id = ${org}`),
  });
};

const sides: Readonly<Record<Side['of'], (org: string) => string>> = {
  issuer: (org) => `x.issuer_org_id = ${org}`,
  holder: (org) => `x.holder_org_id = ${org} and x.issuer_org_id <> ${org}`,
};

const matchingElsewhere = async (probe: Probe, { rows, isMatch, ordered, side }: Elsewhere): Promise<Matching> => {
  const relation = (selected: string, of: Side['of'], parameter: Parameter) =>
    `select ${selected} from ${rows(parameter)} and ${side(of, parameter(probe.orgId))}`;
  return {
    matches: await countMatches(probe, (of, parameter) => relation('', of, parameter)),
    hasAllHeld: false,
    relations: ({ parameter }, { of, conditions }) => [
      `(select l.* from (${relation('distinct x.license_id', of, parameter)} offset 0) x
        cross join lateral (select * from rm.licenses s where s.license_id = x.license_id limit 1) l
        where ${joined(conditions, 'l')} offset 0)`,
    ],
    condition: ({ parameter }) => isMatch(parameter),
    ordered:
      ordered === null
        ? null
        : {
            columns: ordered.columns,
            relation: ({ parameter }, { of }) => `(${relation(`x.license_id, ${ordered.selected}`, of, parameter)})`,
          },
  };
};

const countMatches = async (
  { db, matchesMax }: Probe,
  matches: (of: Side['of'], parameter: Parameter) => string,
): Promise<Matching['matches']> => {
  const values: unknown[] = [];
  const count = (of: Side['of']) =>
    `(select count(*) from (${matches(of, (value) => `$${values.push(value)}`)} limit ${matchesMax + 1}) counted)`;
  const { rows } = await db.query<Matching['matches']>({
    text: `select ${count('issuer')} as issuer, ${count('holder')} as holder`,
    values,
  });
  return rows[0] ?? noMatches;
};
