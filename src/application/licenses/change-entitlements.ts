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

/** Takes back an entitlement that was granted to a license. What its tier or its products grant stays. */
export const revokeEntitlement = (
  needs: CommandNeeds,
  request: LicenseRequest,
  code: string,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: (at) => ({ type: 'RevokeEntitlement', at, data: { code, source: 'grant' } }),
  });
