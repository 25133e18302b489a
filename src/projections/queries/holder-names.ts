import type { PoolClient } from 'pg';

/** An organization that holds a license of the tenant. */
export type NamedHolder = { readonly organizationId: string; readonly name: string };

/**
 * Returns the names of those of these organizations that hold a license that the tenant issues, in the order of their ids.
 * Within products, a license counts that has no other product.
 */
export const holderNames = async (
  db: PoolClient,
  issuerOrgId: string,
  organizationIds: readonly string[],
): Promise<readonly NamedHolder[]> => {
  // The condition on the licenses is for row-level security: the function sees licenses of all products.
  const { rows } = await db.query<NamedHolder>({
    name: 'holder-names',
    text: `select h.id as "organizationId", n.name
      from unnest($2::text[]) h(id) cross join lateral (select rm.holder_name(h.id) as name) n
      where n.name is not null
        and exists (select from rm.licenses l where l.issuer_org_id = $1 and l.holder_org_id = h.id)
      order by h.id`,
    values: [issuerOrgId, organizationIds],
  });
  return rows;
};
