import { reservationAggregate } from '../../aggregates/aggregates.ts';
import { reservationId } from '../../aggregates/derived-ids.ts';
import { atMost, readsAtOnce } from '../../async/at-most.ts';
import { reject } from '../../domain/decider.ts';
import type { ReservedDevice } from '../../domain/license/devices/unique-places.ts';
import type { License } from '../../domain/license/license.ts';
import { settledAt } from '../../domain/license/settle.ts';
import {
  type DeviceReservation,
  deviceReservations,
  deviceUseOf,
  isUsable,
  type OwnedReservation,
  owned,
  reservedActivation,
} from '../../domain/reservation/device-reservation.ts';
import type { Instant } from '../../domain/time.ts';
import { sendToReservation } from '../licenses/issue/reserve.ts';
import type { Refusal } from '../refusal.ts';
import {
  type DeviceReserving,
  type ExpiredDevice,
  readLicense,
  refusalFor,
  refuseUnreservedUse,
  releaseExpired,
  type TakenDevice,
  takenBy,
  type UniqueDevice,
} from './device-elsewhere.ts';

/** Reserves a device that is about to be activated in each place, or refuses because another license has it in one. */
export const reserveDevice = async (
  reserving: DeviceReserving,
  device: UniqueDevice,
): Promise<ReservedDevice | Refusal> => {
  const used = await refuseUnreservedUse(reserving, device);
  if (used !== null) return used;
  // All are read before the first is reserved, so that a refused attempt seldom leaves one behind.
  const standings = await readStandings(reserving, device);
  const taken = standings.find(({ standing }) => standing.kind === 'taken');
  if (taken?.standing.kind === 'taken') return refusalFor(taken.standing);
  return claimStanding(reserving, device, standings);
};

/**
 * Reserves the device in each place. A reservation counts while its owner has the device, and for three minutes after it
 * was made. So nothing releases it, and an attempt that dies blocks the device for three minutes at most.
 */
export const claimAll = async (reserving: DeviceReserving, device: UniqueDevice): Promise<ReservedDevice | Refusal> =>
  claimStanding(reserving, device, await readStandings(reserving, device));

/** A reservation that an activation needs, as it was read. An outdated one is refused or read again. */
type NeededStanding = { readonly needed: DeviceReservation; readonly standing: Standing };

const readStandings = (
  reserving: DeviceReserving,
  { places, fingerprintHashes }: UniqueDevice,
): Promise<readonly NeededStanding[]> =>
  atMost(readsAtOnce, deviceReservations(reserving.issuerOrgId, places, fingerprintHashes), async (needed) => ({
    needed,
    standing: await readStanding(reserving, needed),
  }));

/** Reserves one place after the other, in the same order for all licenses, so that of two attempts one fails early. */
const claimStanding = async (
  reserving: DeviceReserving,
  { places, activationId }: UniqueDevice,
  standings: readonly NeededStanding[],
): Promise<ReservedDevice | Refusal> => {
  const activationIds: string[] = [];
  for (const needed of standings) {
    const claimed = await claim(reserving, needed, activationId);
    if (typeof claimed !== 'string') return claimed;
    activationIds.push(claimed);
  }
  return { places, activationIds };
};

/** Reserves the device in one place. Returns the activation that the reservation is for, or the refusal. */
const claim = async (
  reserving: DeviceReserving,
  { needed, standing: first }: NeededStanding,
  activationId: string,
): Promise<string | Refusal> => {
  const { issuerOrgId, licenseId: owner } = reserving;
  for (let tries = 0; tries < triesMax; tries += 1) {
    const standing = tries === 0 ? first : await readStanding(reserving, needed);
    if (standing.kind === 'taken') return refusalFor(standing);
    if (standing.kind === 'own') return standing.activationId;
    if (standing.kind === 'expired') {
      await releaseExpired(reserving, standing);
      continue;
    }
    const { abandoned } = standing;
    const data = {
      kind: needed.kind,
      issuerOrgId,
      owner,
      activationId,
      ...(abandoned === null ? {} : { abandonedBy: abandoned.owner, abandonedAs: abandoned }),
    };
    const command = { type: 'Reserve', data } as const;
    const sending = { ...reserving, store: null, at: reserving.now() };
    const sent = await sendToReservation(sending, reservationId(needed), command);
    if (!('rejected' in sent)) {
      if (sent.outcome === 'appended') return activationId;
    } else if (sent.rejected !== 'CODE_TAKEN') return sent;
    // Another request has reserved the device since it was read.
  }
  return contended;
};

/** Says whether a license may reserve a device. `abandoned`: the reservation to replace; null: there is none. */
type Standing =
  | { readonly kind: 'free'; readonly abandoned: OwnedReservation | null }
  | { readonly kind: 'own'; readonly activationId: string }
  | ExpiredDevice
  | TakenDevice;

const readStanding = async (
  { executor, licenseId, by, now }: DeviceReserving,
  needed: DeviceReservation,
): Promise<Standing> => {
  const reservation = await executor.read(reservationAggregate, reservationId(needed), owned);
  if (reservation === null) return { kind: 'free', abandoned: null };
  const { owner, activationId } = reservation;
  const at = now();
  if (owner === licenseId) {
    const usable = await readLicense(executor, owner, (license) => isUsable(needed, reservation, license, at));
    return usable && activationId !== null ? { kind: 'own', activationId } : { kind: 'free', abandoned: reservation };
  }
  return readLicense(executor, owner, (license): Standing => {
    const use = deviceUseOf(needed, reservation, license, at);
    if (use === 'free') return { kind: 'free', abandoned: reservation };
    if (use === 'expired') return expiredDevice(needed, reservation, license, at);
    return takenBy(license, by, use === 'pending');
  });
};

const expiredDevice = (
  needed: DeviceReservation,
  reservation: OwnedReservation,
  license: License,
  at: Instant,
): ExpiredDevice => {
  const settled = settledAt(license, at);
  const activationId = settled.kind === 'unissued' ? null : reservedActivation(needed, reservation, settled);
  return { kind: 'expired', licenseId: reservation.owner, activationId: activationId ?? '' };
};

const contended = reject(
  'CONCURRENT_MODIFICATION',
  'Other requests kept reserving this device. Nothing was activated. Send the request again.',
);

const triesMax = 5;
