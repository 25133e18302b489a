import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** Revokes an entitlement that was granted to a license. Entitlements of its tier and of its products stay. */
export const revokeEntitlement = (
  needs: CommandNeeds,
  request: LicenseRequest,
  code: string,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: (at) => ({ type: 'RevokeEntitlement', at, data: { code, source: 'grant' } }),
  });
