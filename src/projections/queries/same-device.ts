import type { PoolClient } from 'pg';
import type { UniquePlace } from '../../domain/license/devices/unique-places.ts';

/** A device that may be active on one license only among those of `places`. */
export type SameDevice = {
  readonly issuerOrgId: string;
  readonly places: readonly UniquePlace[];
  /** The hashes that it may be stored under, in hex. */
  readonly fingerprintHashes: readonly string[];
  /** The license that activates it. */
  readonly licenseId: string;
};

/**
 * Returns other licenses that have the device, and that must be the only one in one of its places. Their streams decide.
 * At most 20. For asTenant of the issuer, without a limit to products.
 */
export const licensesWithDevice = async (
  db: PoolClient,
  { issuerOrgId, places, fingerprintHashes, licenseId }: SameDevice,
): Promise<readonly string[]> => {
  const hashes = fingerprintHashes.map((hash) => Buffer.from(hash, 'hex'));
  const { rows } = await db.query<[string]>({
    name: 'licenses-with-device',
    text: `select distinct a.license_id from rm.activations a join rm.licenses l on l.license_id = a.license_id
      where a.fingerprint_hash = any($1::bytea[]) and a.deactivated_at is null and a.issuer_org_id = $2
        and a.license_id <> $3 and l.revoked_at is null and l.policy ->> 'fingerprintUniqueness' = $4
        and case $4 when 'POLICY' then l.policy ->> 'policyId' = any($5::text[])
          when 'PRODUCT' then l.products && $5::text[] else true end
      order by a.license_id limit 20`,
    values: [hashes, issuerOrgId, licenseId, places[0]?.scope ?? '', places.map(({ of }) => of)],
    rowMode: 'array',
  });
  return rows.map(([id]) => id);
};
