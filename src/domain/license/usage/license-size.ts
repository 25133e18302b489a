import type { LicenseFacts } from '../license.ts';
import { heartbeatSecondsOf } from '../seats/seats-in-use.ts';
import { capacity } from './usage-limits.ts';

/**
 * Returns how many devices, seats or users may use a license at the same time, of whichever it allows most, and the
 * seconds between two heartbeats of a seat. A license without a limit counts as one of 1,000, or of its limit when that
 * is higher.
 */
export const licenseSize = (
  facts: Pick<LicenseFacts, 'limits' | 'policy'>,
): { readonly devices: number; readonly heartbeatSeconds: number } => {
  const { limits, policy } = facts;
  const most = Math.max(limits.activations, limits.seats, limits.users);
  const allowed = capacity(most, policy.overage);
  return {
    devices: Number.isFinite(allowed) ? allowed : Math.max(most, unlimitedDevices),
    heartbeatSeconds: Math.max(1, heartbeatSecondsOf(facts, policy.lease)),
  };
};

/** The size that a key which no longer works counts as: it gets the quotas without growth. */
export const noLicenseSize: ReturnType<typeof licenseSize> = { devices: 0, heartbeatSeconds: 1 };

const unlimitedDevices = 1_000;
