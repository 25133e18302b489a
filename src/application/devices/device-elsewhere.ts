import type { Pool } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { expiredDeviceCommandName } from '../../aggregates/command-names.ts';
import { atMost, readsAtOnce } from '../../async/at-most.ts';
import type { UniquePlace } from '../../domain/license/devices/unique-places.ts';
import { deviceActiveElsewhere } from '../../domain/license/devices/unreserved-device.ts';
import type { License } from '../../domain/license/license.ts';
import { type LicenseActing, refuseActing } from '../../domain/license/license-authority.ts';
import { unreservedUseOf } from '../../domain/reservation/device-reservation.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { systemContext } from '../../eventstore/executor/system-context.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { licensesWithDevice, type SameDevice, sameDevicePage } from '../../projections/queries/same-device.ts';
import type { Reserving } from '../licenses/issue/reserve.ts';
import type { Refusal } from '../refusal.ts';

/** The license that reserves a device, and who asked for it. */
export type DeviceReserving = Omit<Reserving, 'at' | 'store'> & {
  readonly pool: Pool;
  readonly now: () => Instant;
  readonly by: LicenseActing;
};

/** A device to reserve in `places`, under each of its hashes, for the activation `activationId`. */
export type UniqueDevice = {
  readonly places: readonly UniquePlace[];
  readonly fingerprintHashes: readonly string[];
  readonly activationId: string;
};

/** The device of another license that has expired, which ends there first. */
export type ExpiredDevice = { readonly kind: 'expired'; readonly licenseId: string; readonly activationId: string };

/**
 * A device that another license has. `visible`: the id of that license when the caller may read it, else null.
 * `isPending`: the license may not have the device yet.
 */
export type TakenDevice = { readonly kind: 'taken'; readonly visible: string | null; readonly isPending: boolean };

/**
 * Refuses a device that another license has without a reservation, because it was active there before the policy or the
 * products of that license demanded one. Ends it on licenses that have expired. Also refuses the device when so many
 * licenses have it that not all can be read. Those that have expired then no longer have it at the next attempt.
 */
export const refuseUnreservedUse = async (
  reserving: DeviceReserving,
  { places, fingerprintHashes }: UniqueDevice,
): Promise<Refusal | null> => {
  const { pool, now, issuerOrgId, licenseId } = reserving;
  const device = { issuerOrgId, licenseId, places, fingerprintHashes, at: now() };
  const expired: ExpiredDevice[] = [];
  let isWhole = false;
  for (let pages = 0, after = ''; pages < pagesMax && !isWhole; pages += 1) {
    const others = await asTenant(pool, issuerOrgId, (db) => licensesWithDevice(db, device, after));
    for (const standing of await atMost(readsAtOnce, others, (other) => unreservedStanding(reserving, device, other))) {
      if (standing?.kind === 'taken') return refusalFor(standing);
      if (standing !== null) expired.push(standing);
    }
    isWhole = others.length < sameDevicePage;
    after = others.at(-1) ?? after;
  }
  await atMost(readsAtOnce, expired, (ended) => releaseExpired(reserving, ended));
  return isWhole ? null : onTooManyLicenses;
};

const unreservedStanding = (
  { executor, by }: DeviceReserving,
  { places, fingerprintHashes, at }: SameDevice,
  licenseId: string,
): Promise<ExpiredDevice | TakenDevice | null> =>
  readLicense(executor, licenseId, (license) => {
    const use = unreservedUseOf(places, fingerprintHashes, license, at);
    if (use === null) return null;
    if (use.use === 'expired') return { kind: 'expired', licenseId, activationId: use.activationId };
    return takenBy(license, by, false);
  });

/** Ends the device on an expired license. A license that was renewed meanwhile keeps it. */
export const releaseExpired = async (
  { executor, now, call, attempt }: DeviceReserving,
  { licenseId, activationId }: ExpiredDevice,
): Promise<void> => {
  const at = now();
  const cause = { correlationId: call.correlationId, causationId: attempt.commandId };
  const context = systemContext(expiredDeviceCommandName(licenseId, activationId), at, cause);
  const decide = toDecide(licenseAggregate, { type: 'ReleaseExpired', data: { activationId }, at });
  await executor.execute(licenseAggregate, licenseId, decide, { context, view: () => null });
};

/** Reads the current state of a license and returns `view(license)`. */
export const readLicense = <View>(
  executor: Executor,
  licenseId: string,
  view: (license: License) => View,
): Promise<View> => executor.read(licenseAggregate, licenseId, view);

/** Returns the device as the caller may see it. The bearer of a key may read no other license. */
export const takenBy = (license: License, by: LicenseActing, isPending: boolean): TakenDevice => {
  const mayRead =
    license.kind === 'issued' && by.kind === 'organization' && refuseActing(license.facts, by, 'readLicenses') === null;
  return { kind: 'taken', visible: mayRead ? license.facts.licenseId : null, isPending };
};

/** Returns the refusal of a device that another license has. */
export const refusalFor = ({ visible, isPending }: TakenDevice): Refusal => ({
  ...(isPending ? pending : deviceActiveElsewhere),
  ...(visible === null ? {} : { details: { licenseId: visible } }),
});

const pending = {
  ...deviceActiveElsewhere,
  detail:
    'The policy allows a device on one license only, and another license is activating this device. Send the request again in three minutes, or deactivate the device on that license.',
};

// So an activation reads at most 200 streams of other licenses, and ends as many devices.
const pagesMax = 10;

const onTooManyLicenses = {
  ...deviceActiveElsewhere,
  detail: `The policy allows a device on one license only, and ${pagesMax * sameDevicePage} or more other licenses have or had this device. Nothing was activated. Send the request again in a minute, or deactivate the device on those licenses.`,
};
