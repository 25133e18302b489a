import type { PoolClient } from 'pg';
import { holdersNamed } from './holders-named.ts';
import { joined, type Side, type Statement } from './license-conditions.ts';
import type { Listing } from './license-listing.ts';
import { beginsWith } from './prefix.ts';

/** A filter that is read from another index than those of the order of lists. */
export type Matching = {
  /** More licenses match on the side of the issuer, or of the holder, than a list reads whole. */
  readonly isMany: Readonly<Record<Side['of'], boolean>>;
  /** Every license of the holder's side matches. */
  readonly hasAllHeld: boolean;
  /** Returns relations that together have each matching license of a side once. */
  readonly relations: (statement: Statement, side: Side) => readonly string[];
  /** Returns the condition of a match on a license `l`. */
  readonly condition: (statement: Statement) => string;
};

/** A list sorts this many matches in a few milliseconds. It walks through all licenses for more of them. */
export const sortedMax = 2_000;

/** Returns the filters of a listing that match licenses. For asTenant of the same organization. */
export const matchingsOf = async (db: PoolClient, listing: Listing): Promise<readonly Matching[]> => [
  ...(listing.q === undefined ? [] : [await matchingBeginning(db, listing.orgId, listing.q)]),
];

/** Returns what `q` matches: the beginning of a reference or of the name of a holder. */
const matchingBeginning = async (db: PoolClient, orgId: string, q: string): Promise<Matching> => {
  const holders = await holdersNamed(db, q);
  // Without a name, Postgres plans it for these values. A plan for any values read all licenses of a large holder.
  const { rows } = await db.query<Matching['isMany']>({
    text: `select ${isManyBeginning('issuer_org_id')} as issuer, ${isManyBeginning('other_holder_org_id')} as holder`,
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

const isManyBeginning = (column: string): string => {
  const counted = (condition: string) => `(select count(*) from (
    select from rm.licenses l where l.${column} = $1 and ${condition} limit ${sortedMax + 1}) counted)`;
  return `${counted(beginsWith('l.external_ref_lower', '$2'))} + ${counted('l.holder_org_id = any($3)')} > ${sortedMax}`;
};
