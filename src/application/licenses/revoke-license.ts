import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** Revokes a license for good. */
export const revokeLicense = (
  needs: CommandNeeds,
  request: LicenseRequest,
  reasonCode: string,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'endLicenses',
    command: (at) => ({ type: 'Revoke', at, data: { reasonCode } }),
  });
