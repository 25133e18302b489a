import { refuseWithdrawing } from '../../domain/license/license-authority.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** Cancels a scheduled change that has not taken effect yet. `eventId` is that of its announcement. */
export const cancelScheduledChange = (
  needs: CommandNeeds,
  request: LicenseRequest,
  eventId: string,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'withdrawChanges',
    guard: (license, by) => refuseWithdrawing(license, by, eventId),
    command: (at) => ({ type: 'CancelScheduled', at, data: { eventId } }),
  });
