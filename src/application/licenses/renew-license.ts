import type { PaidTerm } from '../../domain/license/license.ts';
import { paidTermOf } from '../../domain/license/term/paid-terms.ts';
import type { RenewalBasis } from '../../domain/license/term/term-events.ts';
import type { Instant } from '../../domain/time.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** The next term: a duration from the basis, or a fixed end. The license renews once for a payment, `billingRef`. */
export type Renewal = (
  | { readonly duration: string; readonly basis?: RenewalBasis | undefined }
  | { readonly expiresAt: Instant }
) & { readonly billingRef?: string | undefined };

/** Starts the next term of a license. The view is the term that the payment bought, now or earlier. */
export const renewLicense = (
  needs: CommandNeeds,
  request: LicenseRequest,
  renewal: Renewal,
): Promise<ChangedLicense<PaidTerm | null> | Refusal> =>
  changeLicense(needs, request, {
    power: 'renewLicenses',
    command: (at) => {
      const { billingRef } = renewal;
      const reasonCode = request.reason?.code ?? null;
      const payment = { reasonCode, ...(billingRef === undefined ? {} : { billingRef }) };
      if ('expiresAt' in renewal) return { type: 'Renew', at, data: { expiresAt: renewal.expiresAt, ...payment } };
      const { duration, basis = 'FROM_EXPIRY' } = renewal;
      return { type: 'Renew', at, data: { duration, basis, ...payment } };
    },
    view: (license) => paidTermOf(license, renewal.billingRef),
  });
