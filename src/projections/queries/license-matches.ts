import { holdersNamed } from './holders-named.ts';
import { joined, type Matching, type Probe, type Statement } from './license-conditions.ts';
import type { Listing } from './license-listing.ts';
import { matchingMetadata, matchingUser } from './matches-elsewhere.ts';
import { beginsWith } from './prefix.ts';

/** Returns the filters of a listing that match licenses. */
export const matchingsOf = async (probe: Probe, listing: Listing): Promise<readonly Matching[]> => [
  ...(listing.userRefs === undefined ? [] : [await matchingUser(probe, listing.userRefs)]),
  ...(await Promise.all(
    Object.entries(listing.metadata ?? {}).map(([name, value]) => matchingMetadata(probe, { name, value })),
  )),
  ...(listing.q === undefined ? [] : [await matchingBeginning(probe, listing.q)]),
];

/** Returns what `q` matches: the beginning of a reference or of the name of a holder. */
const matchingBeginning = async ({ db, orgId, matchesMax }: Probe, q: string): Promise<Matching> => {
  const holders = await holdersNamed(db, q);
  // Without a name, Postgres plans it for these values. A plan for any values read all licenses of a large holder.
  const { rows } = await db.query<Matching['isMany']>({
    text: `select ${isManyBeginning('issuer_org_id', matchesMax)} as issuer, ${isManyBeginning('other_holder_org_id', matchesMax)} as holder`,
    values: [orgId, q, holders],
  });
  const conditions = ({ parameter }: Statement): readonly [string, ...string[]] => [
    beginsWith('l.external_ref_lower', parameter(q)),
    ...(holders.length === 0 ? [] : [`l.holder_org_id = any(${parameter(holders)})`]),
  ];
  return {
    isMany: rows[0] ?? { issuer: false, holder: false },
    // Each license that it holds has the name of the organization.
    hasAllHeld: holders.includes(orgId),
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

const isManyBeginning = (column: string, matchesMax: number): string => {
  const counted = (condition: string) => `(select count(*) from (
    select from rm.licenses l where l.${column} = $1 and ${condition} limit ${matchesMax + 1}) counted)`;
  return `${counted(beginsWith('l.external_ref_lower', '$2'))} + ${counted('l.holder_org_id = any($3)')} > ${matchesMax}`;
};
