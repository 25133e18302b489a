import { refuseReinstating } from '../../domain/license/license-authority.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** Ends the suspension of a license, whatever its reasons. */
export const reinstateLicense = (needs: CommandNeeds, request: LicenseRequest): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'suspendLicenses',
    guard: refuseReinstating,
    command: (at) => ({
      type: 'Reinstate',
      at,
      data: request.reason === null ? {} : { reasonCode: request.reason.code },
    }),
  });
