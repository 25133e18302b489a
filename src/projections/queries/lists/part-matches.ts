import type { PoolClient } from 'pg';
import { joined, type Matching, noMatches, type Probe, type Statement } from './license-conditions.ts';

/** Returns what `contains` matches: a part of the reference, or of the name of the holder, in upper or lower case. */
export const matchingPart = async ({ db, orgId, matchesMax }: Probe, part: string): Promise<Matching> => {
  const { issuedIds, heldIds, holders } = await readPart(db, part, matchesMax + 1);
  const byHolders = await countOfHolders({ db, orgId, matchesMax }, holders);
  // "position" takes % and _ as they are.
  const isReference = ({ parameter }: Statement) => `position(lower(${parameter(part)}) in l.external_ref_lower) > 0`;
  const isHolder = ({ parameter }: Statement) => `l.holder_org_id = any(${parameter(holders)})`;
  return {
    matches: { issuer: issuedIds.length + byHolders.issuer, holder: heldIds.length + byHolders.holder },
    // Each license that it holds has the name of the organization.
    hasAllHeld: holders.includes(orgId),
    ordered: null,
    relations: (statement, side) => {
      const ids = statement.parameter(side.of === 'issuer' ? issuedIds : heldIds);
      const own = joined(side.conditions, 'l');
      return [
        `(select l.* from unnest(${ids}::text[]) x(id)
          cross join lateral (select * from rm.licenses s where s.license_id = x.id limit 1) l
          where ${own} and ${isReference(statement)} offset 0)`,
        ...(holders.length === 0
          ? []
          : [
              `(select * from rm.licenses l where ${own} and ${isHolder(statement)} and (${isReference(statement)}) is not true offset 0)`,
            ]),
      ];
    },
    condition: (statement) =>
      [isReference(statement), ...(holders.length === 0 ? [] : [isHolder(statement)])].join(' or '),
  };
};

/** Licenses with the part in their reference, at most `most` of each side, and holders with the part in their name. */
type Part = {
  readonly issuedIds: readonly string[];
  readonly heldIds: readonly string[];
  readonly holders: readonly string[];
};

const readPart = async (db: PoolClient, part: string, most: number): Promise<Part> => {
  const { rows } = await db.query<Part>({
    name: 'read-part-of-names',
    text: 'select r.issued as "issuedIds", r.held as "heldIds", rm.holders_containing($1) as holders from rm.references_containing($1, $2) r',
    values: [part, most],
  });
  return rows[0] ?? { issuedIds: [], heldIds: [], holders: [] };
};

const countOfHolders = async (
  { db, orgId, matchesMax }: Probe,
  holders: readonly string[],
): Promise<Matching['matches']> => {
  if (holders.length === 0) return noMatches;
  const count = (column: string) => `(select count(*) from (
    select from rm.licenses l where l.${column} = $1 and l.holder_org_id = any($2) limit ${matchesMax + 1}) counted)`;
  // Without a name, Postgres plans it for these values, as for q.
  const { rows } = await db.query<Record<'issuer' | 'holder', string>>({
    text: `select ${count('issuer_org_id')} as issuer, ${count('other_holder_org_id')} as holder`,
    values: [orgId, holders],
  });
  return { issuer: Number(rows[0]?.issuer ?? 0), holder: Number(rows[0]?.holder ?? 0) };
};
