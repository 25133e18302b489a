import type { PoolClient } from 'pg';
import type { UniquePlace } from '../../domain/license/devices/unique-places.ts';
import type { Instant } from '../../domain/time.ts';

/** A device that may be active on one license only among those of `places`. */
export type SameDevice = {
  readonly issuerOrgId: string;
  readonly places: readonly UniquePlace[];
  /** The hashes that it may be stored under, in hex. */
  readonly fingerprintHashes: readonly string[];
  /** The license that activates it. */
  readonly licenseId: string;
  readonly at: Instant;
};

/** So many licenses are on a page of licensesWithDevice. */
export const sameDevicePage = 20;

/**
 * Returns a page of other licenses that have the device. These are the licenses that must be the only one in one of its
 * places, and those with a due change that the worker has not recorded. Their streams decide. They are in the order of
 * their ids, after `after`. For asTenant of the issuer, without a limit to products.
 */
export const licensesWithDevice = async (
  db: PoolClient,
  { issuerOrgId, places, fingerprintHashes, licenseId, at }: SameDevice,
  after: string,
): Promise<readonly string[]> => {
  const hashes = fingerprintHashes.map((hash) => Buffer.from(hash, 'hex'));
  const scope = places[0]?.scope ?? '';
  const { rows } = await db.query<[string]>({
    name: 'licenses-with-device',
    text: `select distinct a.license_id from rm.activations a join rm.licenses l on l.license_id = a.license_id
      where a.fingerprint_hash = any($1::bytea[]) and a.deactivated_at is null and a.issuer_org_id = $2
        and a.license_id <> $3 and a.license_id > $6 and l.revoked_at is null
        and (l.due_at <= $7 or l.policy ->> 'fingerprintUniqueness' = $4
          and case $4 when 'POLICY' then l.policy ->> 'policyId' = any($5::text[])
            when 'PRODUCT' then l.products && $5::text[] else true end)
      order by a.license_id limit ${sameDevicePage}`,
    values: [hashes, issuerOrgId, licenseId, scope, places.map(({ of }) => of), after, at],
    rowMode: 'array',
  });
  return rows.map(([id]) => id);
};
