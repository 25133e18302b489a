import type { PoolClient } from 'pg';

/** What the issuer noted on a license that the tenant of `db` issues or holds; an empty object when nothing. */
export const metadataOf = async (db: PoolClient, licenseId: string): Promise<object> => {
  const { rows } = await db.query<{ metadata: object }>({
    name: 'metadata-of',
    text: 'select metadata from vault.license_metadata where license_id = $1',
    values: [licenseId],
  });
  return rows[0]?.metadata ?? {};
};

/** Removes what was noted on a license that then was not issued. As its issuer. */
export const removeMetadata = async (db: PoolClient, licenseId: string): Promise<void> => {
  await db.query({
    name: 'remove-metadata',
    text: 'delete from vault.license_metadata where license_id = $1',
    values: [licenseId],
  });
};
