import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { isRejection, reject } from '../../domain/decider.ts';
import type { LicenseCommand } from '../../domain/license/commands.ts';
import type { Device } from '../../domain/license/devices/device-commands.ts';
import { activationOf } from '../../domain/license/devices/device-matching.ts';
import { type ReservedDevice, type UniquePlace, uniquePlacesOf } from '../../domain/license/devices/unique-places.ts';
import type { License } from '../../domain/license/license.ts';
import { settledAt } from '../../domain/license/settle.ts';
import type { Instant } from '../../domain/time.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import type { ClientRequest } from '../client-license.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import type { UniqueDevice } from './device-elsewhere.ts';
import type { DeviceNeeds } from './device-request.ts';
import { claimAll, reserveDevice } from './reserve-device.ts';

/** The activation of a device that the policy may allow on one license only. */
export type UniqueActivation = {
  /** As the client sends it. */
  readonly fingerprint: string;
  readonly device: Device;
  /** Returns the command that activates the device. */
  readonly commandOf: (device: Device, at: Instant) => LicenseCommand;
};

/**
 * Reserves the device where the policy demands it, and sends its activation. `send` gets the device with what was
 * reserved. An attempt that the license itself refuses reserves nothing. When the license has released the device or
 * moved to another policy meanwhile, the device is reserved again.
 */
export const sendUnique = async <Answer extends object>(
  needs: DeviceNeeds,
  request: ClientRequest,
  activation: UniqueActivation,
  send: (device: Device) => Promise<Answer | Refusal>,
): Promise<Answer | Refusal> => {
  const { device } = activation;
  if (uniquePlacesOf(request.license.facts).length === 0) {
    const sent = await send(device);
    // The policy may be another one since the row of the license was read.
    if (!isUnreserved(sent)) return sent;
  }
  for (let tries = 1; ; tries += 1) {
    const reserved = await reserveFor(needs, request, activation);
    const isRefused = reserved !== null && isRefusal(reserved);
    const sent = await send(isRefused || reserved === null ? device : { ...device, reserved });
    if (!isUnreserved(sent)) return sent;
    // A repeated request got its first answer above, also when another license has the device by now.
    if (isRefused) return reserved;
    if (tries === triesMax) return contended;
  }
};

/** Reserves the device of an activation. Returns null when the activation needs no reservation. */
const reserveFor = async (
  needs: DeviceNeeds,
  request: ClientRequest,
  activation: UniqueActivation,
): Promise<ReservedDevice | Refusal | null> => {
  const { license, attempt, actor, call, by } = request;
  const { issuerOrgId, licenseId } = license.facts;
  const { executor, pool, now } = needs;
  const reserving = { executor, pool, now, call, attempt, actor, by, issuerOrgId, licenseId };
  const outlook = await needs.executor.read(licenseAggregate, licenseId, (current) =>
    outlookOf(current, activation, now()),
  );
  const { places, active, isUnreservedOnly } = outlook;
  const hashes = fingerprintHashes(needs.secrets, issuerOrgId, activation.fingerprint);
  const of = (activationId: string, stored: string): UniqueDevice => ({
    places,
    activationId,
    // Another license may know the device under an older secret.
    fingerprintHashes: hashes.includes(stored) ? hashes : [stored],
  });
  if (active !== null) {
    // It stays active, also when a license that reserved it first has it too.
    await claimAll(reserving, of(active.activationId, active.fingerprintHash));
    return null;
  }
  const { activationId, fingerprintHash } = activation.device;
  return isUnreservedOnly ? reserveDevice(reserving, of(activationId, fingerprintHash)) : null;
};

type Outlook = {
  readonly places: readonly UniquePlace[];
  /** The device when it is active under this or another activation; else null. */
  readonly active: { readonly activationId: string; readonly fingerprintHash: string } | null;
  /** True when nothing but a missing reservation refuses the activation. */
  readonly isUnreservedOnly: boolean;
};

/** Decides the activation without a reservation and records nothing. */
const outlookOf = (license: License, { device, commandOf }: UniqueActivation, at: Instant): Outlook => {
  const settled = settledAt(license, at);
  if (settled.kind === 'unissued') return { places: [], active: null, isUnreservedOnly: false };
  const active = activationOf(settled, device);
  const decision = toDecide(licenseAggregate, commandOf(device, at))(license, { at, eventIds: () => '' });
  return {
    places: uniquePlacesOf(settled.facts),
    active: active === null ? null : { activationId: active.activationId, fingerprintHash: active.fingerprintHash },
    isUnreservedOnly: isRejection(decision) && decision.rejected === 'DEVICE_ACTIVE_ELSEWHERE',
  };
};

const isUnreserved = (sent: object): boolean => isRefusal(sent) && sent.rejected === 'DEVICE_ACTIVE_ELSEWHERE';

const contended = reject(
  'CONCURRENT_MODIFICATION',
  'Other requests kept changing the license and this device. Nothing was activated. Send the request again.',
);

const triesMax = 3;
