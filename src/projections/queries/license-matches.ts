import type { PoolClient } from 'pg';
import { holdersNamed } from './holders-named.ts';
import { beginsWith } from './prefix.ts';

/** The licenses that a list finds by `q`, the beginning of a reference or of the name of a holder. */
export type Matches = {
  readonly q: string;
  /** The organizations with such a name. */
  readonly holders: readonly string[];
  /** More licenses match on the side of the issuer, or of the holder, than a list reads whole. */
  readonly isMany: { readonly issuer: boolean; readonly holder: boolean };
};

/** A list sorts this many matches in a few milliseconds. It walks through all licenses for more of them. */
const sortedMax = 2_000;

/** Returns what `q` matches for an organization. For asTenant of the same organization. */
export const matchesOf = async (db: PoolClient, orgId: string, q: string): Promise<Matches> => {
  const holders = await holdersNamed(db, q);
  // Without a name, Postgres plans it for these values. A plan for any values read all licenses of a large holder.
  const { rows } = await db.query<{ issuer: boolean; holder: boolean }>({
    text: `select ${isMany('issuer_org_id')} as issuer, ${isMany('other_holder_org_id')} as holder`,
    values: [orgId, q, holders],
  });
  return { q, holders, isMany: rows[0] ?? { issuer: false, holder: false } };
};

const isMany = (column: string): string => {
  const counted = (condition: string) => `(select count(*) from (
    select from rm.licenses l where l.${column} = $1 and ${condition} limit ${sortedMax + 1}) counted)`;
  return `${counted(beginsWith('l.external_ref_lower', '$2'))} + ${counted('l.holder_org_id = any($3)')} > ${sortedMax}`;
};
