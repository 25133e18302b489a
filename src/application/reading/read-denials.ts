import type { Pool } from 'pg';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { type Denial, type DenialPlace, denialsOf } from '../../records/license-denials.ts';
import type { Refusal } from '../refusal.ts';
import { readLicenseRows } from './parked-license.ts';

export type { Denial, DenialPlace };

/** Returns a page of the last denials of a license that the organization issues or holds, the newest first. */
export const readDenials = (
  needs: { readonly pool: Pool; readonly executor: Executor },
  organizationId: string,
  licenseId: string,
  page: { readonly limit: number; readonly after: DenialPlace | null },
): Promise<readonly Denial[] | Refusal> =>
  readLicenseRows(needs, organizationId, licenseId, (db) => denialsOf(db, licenseId, page));
