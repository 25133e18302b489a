import type { Pool } from 'pg';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { isCheckInNoted } from '../../domain/license/validation/validation-effects.ts';
import type { Instant } from '../../domain/time.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { noteCheckIn } from '../../records/check-ins.ts';

/** Notes a check-in of a license, unless a recent one is noted. */
export const checkIn = async (
  pool: Pool,
  facts: LicenseFacts,
  lastCheckInAt: Instant | null,
  at: Instant,
): Promise<void> => {
  if (!isCheckInNoted(facts, lastCheckInAt, at)) return;
  await asTenant(pool, facts.issuerOrgId, (db) => noteCheckIn(db, facts, at), { readOnly: false });
};
