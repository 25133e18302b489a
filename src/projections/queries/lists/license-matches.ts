import { holdersNamed } from '../holders-named.ts';
import { beginsWith } from '../prefix.ts';
import { joined, type Matching, noMatches, type Probe, type Statement } from './license-conditions.ts';
import type { Listing } from './license-listing.ts';
import { matchingLevel, matchingMetadata, matchingUser } from './matches-elsewhere.ts';
import { matchingPart } from './part-matches.ts';
import { matchingUnused } from './unused-matches.ts';

/** Returns the filters of a listing that match licenses. */
export const matchingsOf = async (
  probe: Probe,
  { userRefs, activations, seats, metadata = {}, lastValidatedBefore, q, contains }: Listing,
): Promise<readonly Matching[]> => {
  const matchings: Matching[] = [];
  if (userRefs !== undefined) matchings.push(await matchingUser(probe, userRefs));
  if (activations !== undefined)
    matchings.push(await matchingLevel(probe, { usage: 'ACTIVATIONS', level: activations }));
  if (seats !== undefined) matchings.push(await matchingLevel(probe, { usage: 'SEATS', level: seats }));
  for (const [name, value] of Object.entries(metadata)) matchings.push(await matchingMetadata(probe, { name, value }));
  if (lastValidatedBefore !== undefined) matchings.push(await matchingUnused(probe, lastValidatedBefore));
  if (q !== undefined) matchings.push(await matchingBeginning(probe, q));
  if (contains !== undefined) matchings.push(await matchingPart(probe, contains));
  return matchings;
};

/**
 * Returns how many licenses the filters with columns leave, up to one more than `matchesMax`. Returns 0 when a list
 * walks for these filters in any case. Licenses of a policy, and those that have ended, are often of one age. A walk
 * along the metadata would pass all others.
 */
export const countFiltered = async (
  { db, orgId, matchesMax }: Probe,
  { tier, status, policy, product, holder, issuer, metadata, lastValidatedBefore }: Listing,
): Promise<Matching['matches']> => {
  const columns = {
    ...{ tier, recorded_status: status, policy_id: policy, product },
    ...{ holder_org_id: holder, issuer_org_id: issuer },
  };
  const present = Object.entries(columns).filter(([, value]) => value !== undefined);
  const isSpread = policy === undefined && (status === undefined || status === 'ACTIVE' || metadata === undefined);
  const isCounted = metadata !== undefined || lastValidatedBefore !== undefined;
  if (!isCounted || present.length === 0 || !isSpread) return noMatches;
  const table = product === undefined ? 'rm.licenses l where true' : 'rm.license_products l where not l.removed';
  const filters = present.map(([name], index) => `l.${name} = $${index + 2}`).join(' and ');
  const count = (column: string) => `(select count(*) from (
    select from ${table} and l.${column} = $1 and ${filters} limit ${matchesMax + 1}) counted)`;
  const { rows } = await db.query<Matching['matches']>({
    text: `select ${count('issuer_org_id')} as issuer, ${count('other_holder_org_id')} as holder`,
    values: [orgId, ...present.map(([, value]) => value)],
  });
  return rows[0] ?? noMatches;
};

/** Returns what `q` matches: the beginning of a reference or of the name of a holder. */
const matchingBeginning = async ({ db, orgId, matchesMax }: Probe, q: string): Promise<Matching> => {
  const holders = await holdersNamed(db, q);
  // Without a name, Postgres plans it for these values. A plan for any values read all licenses of a large holder.
  const { rows } = await db.query<Matching['matches']>({
    text: `select ${countBeginning('issuer_org_id', matchesMax)} as issuer, ${countBeginning('other_holder_org_id', matchesMax)} as holder`,
    values: [orgId, q, holders],
  });
  const conditions = ({ parameter }: Statement): readonly [string, ...string[]] => [
    beginsWith('l.external_ref_lower', parameter(q)),
    ...(holders.length === 0 ? [] : [`l.holder_org_id = any(${parameter(holders)})`]),
  ];
  return {
    matches: rows[0] ?? noMatches,
    // Each license that it holds has the name of the organization.
    hasAllHeld: holders.includes(orgId),
    ordered: null,
    relations: (statement, side) => {
      const [byReference, byHolder] = conditions(statement);
      const disjoint = [
        byReference,
        ...(byHolder === undefined ? [] : [`${byHolder} and (${byReference}) is not true`]),
      ];
      // "offset 0" makes Postgres read these few first.
      return disjoint.map(
        (condition) => `(select * from rm.licenses l where ${joined(side.conditions, 'l')} and ${condition} offset 0)`,
      );
    },
    condition: (statement) => conditions(statement).join(' or '),
  };
};

const countBeginning = (column: string, matchesMax: number): string => {
  const counted = (condition: string) => `(select count(*) from (
    select from rm.licenses l where l.${column} = $1 and ${condition} limit ${matchesMax + 1}) counted)`;
  return `${counted(beginsWith('l.external_ref_lower', '$2'))} + ${counted('l.holder_org_id = any($3)')}`;
};
