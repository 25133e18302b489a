import { refuseActing } from '../../domain/license/license-authority.ts';
import { type HistoryRead, historyOf } from '../../projections/tables/license-events.ts';
import { type Caller, licenseActingOf } from '../caller.ts';
import type { Refusal } from '../refusal.ts';
import { readLicenseRows } from './parked-license.ts';
import type { LicenseReadNeeds } from './read-license.ts';

/** Returns one page of the events of a license that the caller's organization issues or holds. */
export const readHistory = (
  needs: Pick<LicenseReadNeeds, 'pool' | 'executor'>,
  caller: Caller,
  licenseId: string,
  page: Parameters<typeof historyOf>[2],
): Promise<HistoryRead | Refusal> =>
  readLicenseRows(
    needs,
    caller.organizationId,
    licenseId,
    async (db, { facts }) =>
      refuseActing(facts, licenseActingOf(caller), 'readHistory') ?? historyOf(db, licenseId, page),
  );
