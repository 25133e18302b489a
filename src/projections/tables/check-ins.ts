import type { PoolClient } from 'pg';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';

/** Notes that a license was checked in at `at`. A note of a later check-in stays. As the license's issuer. */
export const noteCheckIn = async (
  db: PoolClient,
  { issuerOrgId, licenseId }: LicenseFacts,
  at: Instant,
): Promise<void> => {
  await db.query({
    name: 'note-check-in',
    text: `insert into ops.license_check_ins as c (issuer_org_id, license_id, checked_in_at) values ($1, $2, $3)
      on conflict (issuer_org_id, license_id) do update
        set checked_in_at = greatest(c.checked_in_at, excluded.checked_in_at)`,
    values: [issuerOrgId, licenseId, at],
  });
};
