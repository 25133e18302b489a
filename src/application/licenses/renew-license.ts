import type { RenewalBasis } from '../../domain/license/term/term-events.ts';
import type { Instant } from '../../domain/time.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** The next term: a duration from the basis, or a fixed end. */
export type Renewal =
  | { readonly duration: string; readonly basis?: RenewalBasis | undefined }
  | { readonly expiresAt: Instant };

/** Starts the next term of a license. */
export const renewLicense = (
  needs: CommandNeeds,
  request: LicenseRequest,
  renewal: Renewal,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'renewLicenses',
    command: (at) => {
      const reasonCode = request.reason?.code ?? null;
      if ('expiresAt' in renewal) return { type: 'Renew', at, data: { expiresAt: renewal.expiresAt, reasonCode } };
      const { duration, basis = 'FROM_EXPIRY' } = renewal;
      return { type: 'Renew', at, data: { duration, basis, reasonCode } };
    },
  });
