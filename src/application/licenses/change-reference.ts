import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** Changes the external reference of a license. Null removes it. */
export const changeReference = (
  needs: CommandNeeds,
  request: LicenseRequest,
  externalRef: string | null,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: (at) => ({ type: 'ChangeReference', at, data: { to: externalRef } }),
  });
