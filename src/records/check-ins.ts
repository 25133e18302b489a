import type { PoolClient } from 'pg';
import type { LicenseFacts } from '../domain/license/license.ts';
import { fromMs, type Instant } from '../domain/time.ts';
import { epochMs } from '../postgres/epoch-ms.ts';

/** Records a check-in of a license at `at`, unless a later one is recorded. As the license's issuer. */
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

/** Returns the instant of the last check-in of a license. Returns null when there was none. As the license's issuer. */
export const lastCheckIn = async (
  db: PoolClient,
  { issuerOrgId, licenseId }: LicenseFacts,
): Promise<Instant | null> => {
  const { rows } = await db.query<[string]>({
    name: 'last-check-in',
    text: `select ${epochMs('checked_in_at')} from ops.license_check_ins where issuer_org_id = $1 and license_id = $2`,
    values: [issuerOrgId, licenseId],
    rowMode: 'array',
  });
  return rows[0] === undefined ? null : fromMs(Number(rows[0][0]));
};
