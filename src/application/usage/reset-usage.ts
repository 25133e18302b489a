import { type ChangedLicense, changeLicense, type LicenseRequest } from '../licenses/change-license.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import type { Refusal } from '../refusal.ts';

/** Puts the counter of a meter back to 0, for an administrator of the issuer. Ids of usage stay used. */
export const resetUsage = (
  needs: CommandNeeds,
  request: LicenseRequest,
  meter: string,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: (at) => ({ type: 'ResetUsage', at, data: { meter } }),
  });
