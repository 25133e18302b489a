import { refuseWithdrawing } from '../../domain/license/license-authority.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** Withdraws a change that was announced by this event and has not come. */
export const cancelScheduledChange = (
  needs: CommandNeeds,
  request: LicenseRequest,
  eventId: string,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'suspendLicenses',
    guard: (license, by) => refuseWithdrawing(license, by, eventId),
    command: (at) => ({ type: 'CancelScheduled', at, data: { eventId } }),
  });
