import { type ChangedLicense, changeLicense, type LicenseRequest } from '../licenses/change-license.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import type { Refusal } from '../refusal.ts';

/**
 * Releases a device of a license for an administrator. The deactivation limit and cooldown of the policy do not apply.
 */
export const releaseActivation = (
  needs: CommandNeeds,
  request: LicenseRequest,
  activationId: string,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'manageUse',
    command: (at) => ({ type: 'Deactivate', at, data: { device: { activationId }, by: 'ADMIN' } }),
  });
