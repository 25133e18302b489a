import { licenseAggregate, reservationAggregate } from '../../aggregates/aggregates.ts';
import { expiredDeviceCommandName } from '../../aggregates/command-names.ts';
import { reservationId } from '../../aggregates/derived-ids.ts';
import { reject } from '../../domain/decider.ts';
import {
  deviceActiveElsewhere,
  type ReservedDevice,
  type UniquePlace,
} from '../../domain/license/devices/unique-places.ts';
import type { License } from '../../domain/license/license.ts';
import { type LicenseActing, refuseActing } from '../../domain/license/license-authority.ts';
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
import type { Executor } from '../../eventstore/executor/execute.ts';
import { systemContext } from '../../eventstore/executor/system-context.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { type Reserving, sendToReservation } from '../licenses/issue/reserve.ts';
import type { Refusal } from '../refusal.ts';

/** The license that reserves a device, and who asked for it. */
export type DeviceReserving = Omit<Reserving, 'at' | 'store'> & {
  readonly now: () => Instant;
  readonly by: LicenseActing;
};

/** A device to reserve in `places`, under each of its hashes, for the activation `activationId`. */
export type UniqueDevice = {
  readonly places: readonly UniquePlace[];
  readonly fingerprintHashes: readonly string[];
  readonly activationId: string;
};

/**
 * Reserves a device in each place, or refuses because another license has it in one. A reservation counts while its owner
 * has the device, and for a minute after it was made. So nothing releases it, and an attempt that dies blocks the device
 * for a minute at most.
 */
export const reserveDevice = async (
  reserving: DeviceReserving,
  { places, fingerprintHashes, activationId }: UniqueDevice,
): Promise<ReservedDevice | Refusal> => {
  const needed = deviceReservations(reserving.issuerOrgId, places, fingerprintHashes);
  // All are read before the first is reserved, so that a refused attempt seldom leaves one behind.
  for (const reservation of needed) {
    const standing = await readStanding(reserving, reservation);
    if (standing.kind === 'taken') return refusalFor(standing);
  }
  const activationIds: string[] = [];
  for (const reservation of needed) {
    const claimed = await claim(reserving, reservation, activationId);
    if (typeof claimed !== 'string') return claimed;
    activationIds.push(claimed);
  }
  return { places, activationIds };
};

/** Reserves the device in one place. Returns the activation that the reservation is for, or the refusal. */
const claim = async (
  reserving: DeviceReserving,
  needed: DeviceReservation,
  activationId: string,
): Promise<string | Refusal> => {
  const { issuerOrgId, licenseId: owner } = reserving;
  for (let tries = 0; tries < triesMax; tries += 1) {
    const standing = await readStanding(reserving, needed);
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
    // Somebody else has reserved the device since it was read.
  }
  return contended;
};

/** Whether a license may reserve a device. `abandoned`: the reservation that it replaces; null: there is none. */
type Standing =
  | { readonly kind: 'free'; readonly abandoned: OwnedReservation | null }
  | { readonly kind: 'own'; readonly activationId: string }
  | Expired
  | Taken;

/** The device of another license that has expired, which ends there first. */
type Expired = { readonly kind: 'expired'; readonly licenseId: string; readonly activationId: string };

/** `visible`: the id of the other license when the caller may read it, else null. `isPending`: it may not have it yet. */
type Taken = { readonly kind: 'taken'; readonly visible: string | null; readonly isPending: boolean };

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
    if (use === 'expired') return { kind: 'expired', ...expiredDevice(needed, reservation, license, at) };
    return { kind: 'taken', visible: mayRead(license, by) ? owner : null, isPending: use === 'pending' };
  });
};

const expiredDevice = (needed: DeviceReservation, reservation: OwnedReservation, license: License, at: Instant) => {
  const settled = settledAt(license, at);
  const activationId = settled.kind === 'unissued' ? null : reservedActivation(needed, reservation, settled);
  return { licenseId: reservation.owner, activationId: activationId ?? '' };
};

/** Ends the device on an expired license. A license that was renewed meanwhile keeps it. */
const releaseExpired = (
  { executor, now, call, attempt }: DeviceReserving,
  { licenseId, activationId }: Expired,
): Promise<object> => {
  const at = now();
  const cause = { correlationId: call.correlationId, causationId: attempt.commandId };
  const context = systemContext(expiredDeviceCommandName(licenseId, activationId), at, cause);
  const decide = toDecide(licenseAggregate, { type: 'ReleaseExpired', data: { activationId }, at });
  return executor.execute(licenseAggregate, licenseId, decide, { context, view: () => null });
};

const readLicense = <View>(executor: Executor, licenseId: string, view: (license: License) => View): Promise<View> =>
  executor.read(licenseAggregate, licenseId, view);

/** Returns true when the caller may read the license. The bearer of a key may read no other license. */
const mayRead = (license: License, by: LicenseActing): boolean =>
  license.kind === 'issued' && by.kind === 'organization' && refuseActing(license.facts, by, 'readLicenses') === null;

const refusalFor = ({ visible, isPending }: Taken): Refusal => ({
  ...(isPending ? pending : deviceActiveElsewhere),
  ...(visible === null ? {} : { details: { licenseId: visible } }),
});

const pending = {
  ...deviceActiveElsewhere,
  detail:
    'The policy allows a device on one license only, and another license is activating this device. Send the request again in a minute, or deactivate the device on that license.',
};

const contended = reject(
  'CONCURRENT_MODIFICATION',
  'Other requests kept reserving this device. Nothing was activated. Send the request again.',
);

const triesMax = 5;
