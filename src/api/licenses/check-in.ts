import type { Pool } from 'pg';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { type Instant, secondsBetween } from '../../domain/time.ts';
import { noteCheckIn } from '../../projections/tables/check-ins.ts';
import { asTenant } from '../../projections/tenant.ts';

/**
 * Notes that a license was checked in, unless that was noted a moment ago: at most a minute, and at most a tenth of the time
 * within which it has to check in again. So a license that is validated all the time is not written all the time.
 */
export const checkIn = async (
  pool: Pool,
  facts: LicenseFacts,
  lastCheckInAt: Instant | null,
  at: Instant,
): Promise<void> => {
  const momentSeconds = Math.min(60, (facts.policy.checkInSeconds ?? 0) / 10);
  if (lastCheckInAt !== null && secondsBetween(lastCheckInAt, at) < momentSeconds) return;
  await asTenant(pool, facts.issuerOrgId, (db) => noteCheckIn(db, facts, at), { readOnly: false });
};
