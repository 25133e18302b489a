import type { RenewalMode } from '../../domain/license/term/term-events.ts';
import type { Instant } from '../../domain/time.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest, scheduledFor } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** Sets what happens at the end of the term, from now or from `effectiveAt` on. */
export const setRenewal = (
  needs: CommandNeeds,
  request: LicenseRequest,
  { to, effectiveAt }: { readonly to: RenewalMode; readonly effectiveAt?: Instant | undefined },
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: (at) => ({ type: 'SetRenewal', at, data: { to, ...scheduledFor(effectiveAt) } }),
  });
