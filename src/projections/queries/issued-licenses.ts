import type { PoolClient } from 'pg';

/** Returns those of the ids that are licenses which an organization has issued. For asTenant of it. */
export const issuedAmong = async (
  db: PoolClient,
  issuerOrgId: string,
  licenseIds: readonly string[],
): Promise<ReadonlySet<string>> => {
  const { rows } = await db.query<{ license_id: string }>({
    name: 'issued-among',
    text: 'select license_id from rm.licenses where license_id = any($2) and issuer_org_id = $1',
    values: [issuerOrgId, licenseIds],
  });
  return new Set(rows.map((row) => row.license_id));
};
