import { type ChangedLicense, changeLicense, type LicenseRequest } from '../licenses/change-license.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import type { Refusal } from '../refusal.ts';

/** Releases a device of a license as its administrator, whom allowance and cooldown of the policy do not bind. */
export const releaseActivation = (
  needs: CommandNeeds,
  request: LicenseRequest,
  activationId: string,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'manageUse',
    command: (at) => ({ type: 'Deactivate', at, data: { device: { activationId }, by: 'ADMIN' } }),
  });
