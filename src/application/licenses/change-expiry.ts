import type { Instant } from '../../domain/time.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** Changes the end of the current term, or removes it. */
export const changeExpiry = (
  needs: CommandNeeds,
  request: LicenseRequest,
  { to, reasonCode }: { readonly to: Instant | null; readonly reasonCode: string },
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: (at) => ({ type: 'ChangeExpiry', at, data: { to, reasonCode } }),
  });
