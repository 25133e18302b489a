import type { LicenseFacts } from '../license.ts';
import { heartbeatSecondsOf } from '../seats/seats-in-use.ts';
import { capacity, highestOf } from './usage-limits.ts';

/**
 * Returns how many devices, seats or users may use a license at the same time, of whichever it allows most, and the
 * seconds between two heartbeats of a seat. A limit that is unlimited, or an overage without end, makes a license
 * without a limit. It counts as one of 1,000, or of its highest number when that is more.
 */
export const licenseSize = (
  facts: Pick<LicenseFacts, 'limits' | 'policy'>,
): { readonly devices: number; readonly heartbeatSeconds: number } => {
  const { limits, policy } = facts;
  const { number, isUnlimited } = highestOf([limits.activations, limits.seats, limits.users]);
  const allowed = capacity(number, policy.overage);
  const isBounded = Number.isFinite(allowed);
  return {
    devices: isBounded && !isUnlimited ? allowed : Math.max(isBounded ? allowed : number, unlimitedDevices),
    heartbeatSeconds: Math.max(1, heartbeatSecondsOf(facts, policy.lease)),
  };
};

/** The size that a key which no longer works counts as: it gets the quotas without growth. */
export const noLicenseSize: ReturnType<typeof licenseSize> = { devices: 0, heartbeatSeconds: 1 };

const unlimitedDevices = 1_000;
