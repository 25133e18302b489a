import { refuseAssigning } from '../../domain/license/license-authority.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from '../licenses/change-license.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import type { Refusal } from '../refusal.ts';

/** Unassigns a user from a license, by the reference that `assignUser` has returned. */
export const unassignUser = (
  needs: CommandNeeds,
  request: LicenseRequest,
  userRef: string,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'assignUsers',
    guard: refuseAssigning,
    command: (at) => ({ type: 'UnassignUser', at, data: { userRef, cause: 'ADMIN' } }),
  });
