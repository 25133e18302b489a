import { wasReleased } from '../license/devices/device-matching.ts';
import { takesPart, type UniquePlace } from '../license/devices/unique-places.ts';
import type { IssuedLicense, License } from '../license/license.ts';
import { settledAt } from '../license/settle.ts';
import { isUseOver } from '../license/status.ts';
import { type Instant, plusSeconds } from '../time.ts';
import { deviceOf } from './abandoned.ts';
import type { Reservation, ReservationKind } from './reservation.ts';
import type { NeededReservation } from './trial.ts';

/** A reservation that a license owns. */
export type OwnedReservation = Extract<Reservation, { kind: 'made' }> & { readonly owner: string };

/** A reservation of a device in one place. Its fields are the issuer, the name of the place and the hash of the device. */
export type DeviceReservation = NeededReservation & { readonly place: UniquePlace };

/**
 * Returns the reservations of a device, under each hash that it may be stored under, in an order that is the same for all
 * licenses. So of two concurrent activations one fails at the first common reservation.
 */
export const deviceReservations = (
  issuerOrgId: string,
  places: readonly UniquePlace[],
  fingerprintHashes: readonly string[],
): readonly DeviceReservation[] =>
  places.flatMap((place) =>
    fingerprintHashes
      .toSorted()
      .map((hash) => ({ kind: kinds[place.scope], fields: [issuerOrgId, place.of, hash], place })),
  );

/** Returns the reservation when a license owns it, else null. */
export const owned = (reservation: Reservation): OwnedReservation | null =>
  reservation.kind === 'unmade' || reservation.owner === null ? null : { ...reservation, owner: reservation.owner };

/**
 * Returns whether the owner of a reservation has the device now. `expired`: it has, but the license can no longer be
 * used, so `ReleaseExpired` makes the device free. `pending`: it may be about to activate it. `free`: the owner's stream
 * proves that it does not have it, or an attempt died before the activation. Nothing has to release the reservation, so
 * nothing can forget to.
 */
export const deviceUseOf = (
  needed: DeviceReservation,
  reservation: OwnedReservation,
  license: License,
  at: Instant,
): 'used' | 'expired' | 'pending' | 'free' => {
  const isOld = at >= plusSeconds(reservation.since, blockedSeconds);
  const settled = settledAt(license, at);
  if (settled.kind === 'unissued') return isOld ? 'free' : 'pending';
  const { facts } = settled;
  if (facts.revokedAt !== null || !takesPart(facts, needed.place)) return 'free';
  if (reservedActivation(needed, reservation, settled) !== null) return isUseOver(facts, at) ? 'expired' : 'used';
  return isOld || isUsedUp(settled, reservation, at) ? 'free' : 'pending';
};

/**
 * Returns the id of the activation by which the owner of a reservation has the device; null when it does not have it.
 * The device may be active under a hash of another secret than the one that names the reservation.
 */
export const reservedActivation = (
  needed: DeviceReservation,
  { activationId }: OwnedReservation,
  { activations, byFingerprint }: IssuedLicense,
): string | null => {
  if (activationId !== null && activations.has(activationId)) return activationId;
  return byFingerprint.get(deviceOf(needed)) ?? null;
};

/**
 * Returns how a license has a device that it has not reserved, and the id of the activation. The device was active
 * before the policy or the products of the license demanded a reservation. Returns null when it does not have the
 * device, or does not take part in any of the places.
 */
export const unreservedUseOf = (
  places: readonly UniquePlace[],
  fingerprintHashes: readonly string[],
  license: License,
  at: Instant,
): { readonly use: 'used' | 'expired'; readonly activationId: string } | null => {
  const settled = settledAt(license, at);
  if (settled.kind === 'unissued' || settled.facts.revokedAt !== null) return null;
  const { facts, byFingerprint } = settled;
  const hash = fingerprintHashes.find((candidate) => byFingerprint.has(candidate)) ?? '';
  const activationId = byFingerprint.get(hash);
  if (activationId === undefined || !places.some((place) => takesPart(facts, place))) return null;
  return { use: isUseOver(facts, at) ? 'expired' : 'used', activationId };
};

/**
 * Returns true when the owner may rely on its reservation as it is: it has the device, or an attempt has time left to
 * activate it. Otherwise it must reserve anew.
 */
export const isUsable = (
  needed: DeviceReservation,
  reservation: OwnedReservation,
  license: License,
  at: Instant,
): boolean => {
  const use = deviceUseOf(needed, reservation, license, at);
  return (
    use === 'used' || use === 'expired' || (use === 'pending' && at < plusSeconds(reservation.since, usableSeconds))
  );
};

const isUsedUp = (license: License, { activationId }: OwnedReservation, at: Instant): boolean =>
  license.kind === 'issued' && activationId !== null && wasReleased(license, { activationId }, at);

// An append takes at most 13 seconds. So an attempt ends 43 seconds after its reservation. The clocks of two processes
// differ by up to two minutes, because each may differ from Postgres by one.
const usableSeconds = 30;
const blockedSeconds = 180;

const kinds = {
  POLICY: 'device_policy',
  PRODUCT: 'device_product',
  ISSUER: 'device_issuer',
} as const satisfies Readonly<Record<UniquePlace['scope'], ReservationKind>>;
