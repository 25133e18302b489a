import type { Entitlement } from '../../domain/license/grants/entitlement.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** Grants an entitlement to a license. */
export const grantEntitlement = (
  needs: CommandNeeds,
  request: LicenseRequest,
  entitlement: Omit<Entitlement, 'source'>,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: (at) => ({ type: 'GrantEntitlement', at, data: { ...entitlement, source: 'grant' } }),
  });
