import type { Pool } from 'pg';
import { type Instant, plusSeconds } from '../../domain/time.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { LeaseOwner } from '../../records/lease-liveness.ts';
import { storeSeatHolder } from '../../records/seat-holders.ts';
import { afterAppend } from '../after-append.ts';

/**
 * Stores who sits at a seat, in place of an earlier name. Erases the names of the license's seats that ended more than
 * 25 hours ago, because a lapsed seat may come back.
 */
export const nameSeatHolder = (
  pool: Pool,
  owner: LeaseOwner,
  seat: { readonly leaseId: string; readonly name: string },
  at: Instant,
): Promise<void> => {
  const endedBefore = plusSeconds(at, -keptSeconds);
  const store = () =>
    asTenant(pool, owner.issuerOrgId, (db) => storeSeatHolder(db, owner, { ...seat, endedBefore }), {
      readOnly: false,
    });
  return afterAppend(store);
};

const keptSeconds = 25 * 3_600;
