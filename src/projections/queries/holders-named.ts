import type { PoolClient } from 'pg';

/**
 * Returns the holders of the tenant's own licenses with a name that begins so, in upper or lower case, and the tenant
 * itself; at most 1,000. Each of them has consented to the tenant.
 */
export const holdersNamed = async (db: PoolClient, prefix: string): Promise<readonly string[]> => {
  const { rows } = await db.query<{ holders: string[] }>({
    name: 'holders-named',
    text: 'select rm.holders_named($1) as holders',
    values: [prefix],
  });
  return rows[0]?.holders ?? [];
};
