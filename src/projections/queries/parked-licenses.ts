import type { Pool, PoolClient } from 'pg';

/**
 * Returns SQL that is true when the stream of the license in a column has later events than the serving read models.
 */
export const isParkedIn = (column: string): string => `cardinality(ops.parked_among(array[${column}], '{}')) > 0`;

/**
 * Returns true when the stream of a license has later events than its row, or events but no row. As ledger_api, of any
 * organization.
 */
export const isLicenseParked = async (db: Pool | PoolClient, licenseId: string): Promise<boolean> => {
  const { rows } = await db.query<[boolean]>({
    name: 'is-license-parked',
    text: `select ${isParkedIn('$1')}`,
    values: [licenseId],
    rowMode: 'array',
  });
  return rows[0]?.[0] === true;
};

/** The license and the version of a key that the rows lack, because the event of the key is left out. */
export type ParkedKey = { readonly licenseId: string; readonly keyVersion: number };

/**
 * Returns the license of a key that the rows lack. `hashes`: the hashes of the key by each secret. Returns null for an
 * unknown key.
 */
export const parkedLicenseByKey = async (db: Pool, hashes: readonly Buffer[]): Promise<ParkedKey | null> => {
  const { rows } = await db.query<[string | null, number | null]>({
    name: 'parked-license-by-key',
    text: 'select license_id, key_version from ops.parked_license_by_key($1)',
    values: [hashes],
    rowMode: 'array',
  });
  const [licenseId = null, keyVersion = null] = rows[0] ?? [];
  return licenseId === null || keyVersion === null ? null : { licenseId, keyVersion };
};
