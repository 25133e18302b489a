import type { Pool } from 'pg';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { eraseSeatHolder } from '../../records/seat-holders.ts';
import { afterAppend } from '../after-append.ts';

/** Erases the name of who sat at a seat that an administrator has released. Throws as `afterAppend` does. */
export const eraseReleased = (
  pool: Pool,
  { issuerOrgId, licenseId }: Pick<LicenseFacts, 'issuerOrgId' | 'licenseId'>,
  leaseId: string,
): Promise<void> =>
  afterAppend(() =>
    asTenant(pool, issuerOrgId, (db) => eraseSeatHolder(db, { issuerOrgId, licenseId }, leaseId), { readOnly: false }),
  );
