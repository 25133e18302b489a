import type { PoolClient } from 'pg';

/** Returns the metadata of a license that the tenant of `db` issues or holds, or an empty object. */
export const metadataOf = async (db: PoolClient, licenseId: string): Promise<object> => {
  const { rows } = await db.query<{ metadata: object }>({
    name: 'metadata-of',
    text: 'select metadata from vault.license_metadata where license_id = $1',
    values: [licenseId],
  });
  return rows[0]?.metadata ?? {};
};

/** Returns true when a license has this metadata, in any order of names. */
export const isMetadata = async (db: PoolClient, licenseId: string, metadata: object): Promise<boolean> => {
  const { rows } = await db.query<{ same: boolean }>({
    name: 'is-metadata',
    text: `select coalesce((select metadata from vault.license_metadata where license_id = $1), '{}') = $2::jsonb as same`,
    values: [licenseId, JSON.stringify(metadata)],
  });
  return rows[0]?.same === true;
};
