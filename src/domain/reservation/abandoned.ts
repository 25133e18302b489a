import { wasReleased } from '../license/devices/device-matching.ts';
import { repeatedSeconds } from '../license/forget.ts';
import type { License } from '../license/license.ts';
import { type Instant, plusSeconds } from '../time.ts';
import type { Reservation } from './reservation.ts';
import type { NeededReservation } from './trial.ts';

/** An attempt gives up long before, so an older reservation without use belongs to an attempt that died. */
const abandonedAfterSeconds = 60;

/** Returns the owner of a reservation that is old enough to be abandoned, and since when; null for any other. */
export const possiblyAbandoned = (
  reservation: Reservation,
  at: Instant,
): { readonly owner: string; readonly since: Instant } | null => {
  if (reservation.kind !== 'made' || reservation.owner === null) return null;
  const { owner, since } = reservation;
  return plusSeconds(since, abandonedAfterSeconds) > at ? null : { owner, since };
};

/**
 * Returns whether a license uses what was reserved for it at `since`. `forgotten`: it does not have the device now, and
 * only its older events say whether it had it. Released devices are known for 25 hours.
 */
export const useOf = (
  needed: NeededReservation,
  license: License,
  since: Instant,
  at: Instant,
): 'used' | 'unused' | 'forgotten' => {
  if (license.kind === 'unissued') return 'unused';
  const fingerprintHash = deviceOf(needed);
  if (needed.kind !== 'trial_device' || license.byFingerprint.has(fingerprintHash)) return 'used';
  if (wasReleased(license, fingerprintHash, at)) return 'used';
  return at >= plusSeconds(since, repeatedSeconds) ? 'forgotten' : 'unused';
};

/** Returns the fingerprint hash of the device that the reservation of a trial is for. */
export const deviceOf = ({ fields }: NeededReservation): string => fields.at(-1) ?? '';
