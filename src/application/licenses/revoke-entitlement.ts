import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/**
 * Takes back what was granted to a license in addition to its policy, or withheld. Refuses to take back what the
 * policy alone grants.
 */
export const revokeEntitlement = (
  needs: CommandNeeds,
  request: LicenseRequest,
  code: string,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: (at) => ({ type: 'RevokeEntitlement', at, data: { code, source: 'grant' } }),
  });
