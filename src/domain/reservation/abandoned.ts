import { wasReleased } from '../license/devices/device-matching.ts';
import { repeatedSeconds } from '../license/forget.ts';
import type { IssuedLicense, License } from '../license/license.ts';
import { openOffer } from '../license/transfer/license-offer.ts';
import { type Instant, plusSeconds } from '../time.ts';
import type { Reservation } from './reservation.ts';
import type { NeededReservation } from './trial.ts';

/** An attempt stops long before this, so an older reservation without use belongs to an attempt that crashed. */
export const abandonedAfterSeconds = 60;

/** Returns the owner and the start of a reservation that is old enough to be abandoned; null for any other. */
export const possiblyAbandoned = (
  reservation: Reservation,
  at: Instant,
): { readonly owner: string; readonly since: Instant } | null => {
  if (reservation.kind !== 'made' || reservation.owner === null) return null;
  const { owner, since } = reservation;
  return plusSeconds(since, abandonedAfterSeconds) > at ? null : { owner, since };
};

/**
 * Returns whether a license uses its reservation from `since`. `forgotten`: the license does not have the device now,
 * and only its older events say whether it had it. The license knows released devices for 25 hours.
 */
export const useOf = (
  needed: NeededReservation,
  license: License,
  since: Instant,
  at: Instant,
): 'used' | 'unused' | 'forgotten' => {
  if (license.kind === 'unissued') return 'unused';
  if (needed.kind === 'offer') return usesPlace(needed, license, at) ? 'used' : 'unused';
  const fingerprintHash = deviceOf(needed);
  if (needed.kind !== 'trial_device' || license.byFingerprint.has(fingerprintHash)) return 'used';
  if (wasReleased(license, { fingerprintHash }, at)) return 'used';
  return at >= plusSeconds(since, repeatedSeconds) ? 'forgotten' : 'unused';
};

/** Returns the fingerprint hash of the device in the reservation of a trial. */
export const deviceOf = ({ fields }: NeededReservation): string => fields.at(-1) ?? '';

// The fields of a place among open offers are the issuer, the receiver and the number of the place.
const usesPlace = ({ fields }: NeededReservation, { facts }: IssuedLicense, at: Instant): boolean =>
  openOffer(facts, at)?.toHolderOrgId === fields[1];
