import { refuseSuspending } from '../../domain/license/license-authority.ts';
import type { SuspensionReason } from '../../domain/license/suspension/suspension-events.ts';
import type { Instant } from '../../domain/time.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest, scheduledFor } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** A suspension, immediately or from `effectiveAt` on. Without `until` it lasts until the license is reinstated. */
export type Suspending = {
  readonly reasonCode: SuspensionReason;
  readonly until: Instant | null;
  readonly effectiveAt?: Instant | undefined;
};

/** Suspends a license immediately or at a later instant, such as when a payment is due. */
export const suspendLicense = async (
  needs: CommandNeeds,
  request: LicenseRequest,
  { reasonCode, until, effectiveAt }: Suspending,
): Promise<ChangedLicense | Refusal> =>
  refuseSuspending(request.caller, reasonCode) ??
  changeLicense(needs, request, {
    power: 'suspendLicenses',
    command: (at) => ({ type: 'Suspend', at, data: { reasonCode, until, ...scheduledFor(effectiveAt) } }),
  });
