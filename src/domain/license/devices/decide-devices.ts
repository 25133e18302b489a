import { reject } from '../../decider.ts';
import { type Instant, plusSeconds } from '../../time.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from '../commands.ts';
import type { LicenseEvent } from '../events.ts';
import type { Activation, IssuedLicense } from '../license.ts';
import { releaseOnDeactivation } from '../seats/decide-seats.ts';
import { isUseOver } from '../status.ts';
import { withFirstTerm } from '../term/decide-first-term.ts';
import { hasEnteredTerm } from '../usage/term-counters.ts';
import { refuseLateRelease, refuseUnproven, refuseUse, refuseUsedFor } from '../usage/usage-guard.ts';
import { capacity, isUsedUp, type Limit } from '../usage/usage-limits.ts';
import { refuseComponents, refuseSilence } from './component-check.ts';
import type { Device, DeviceCommand } from './device-commands.ts';
import { changeDetails } from './device-details.ts';
import type { DeactivationCause } from './device-events.ts';
import { activationOf, isUnproven, namedActivation, presentedHashOf, wasReleased } from './device-matching.ts';
import { refuseDevicesOf } from './devices-per-user.ts';
import { refuseUnreserved } from './unreserved-device.ts';
import { releaseUnseen } from './unseen-devices.ts';
import { updateDevice } from './update-device.ts';

/** Decides a command about devices. */
export const decideDevices = (command: DeviceCommand, license: IssuedLicense): LicenseDecision => {
  switch (command.type) {
    case 'Activate':
      return activate(command, license);
    case 'Deactivate':
      return deactivate(command, license);
    case 'ChangeDevice':
      return changeDetails(command, license);
    case 'ReleaseUnseen':
      return releaseUnseen(command, license);
    case 'ReleaseExpired':
      return releaseExpired(command, license);
    case 'SwapActivation':
      return withFirstTerm(license, 'ACTIVATION', command.at, (started) => swap(command, started));
  }
};

/**
 * Binds a device to the license, once per device, while the limit and its overage allow another one. The activation is
 * valid for all products of the license. The first activation begins a term that waits for the first use. Activating an
 * active device updates its details.
 */
const activate = ({ data, at }: CommandOf<'Activate'>, license: IssuedLicense): LicenseDecision =>
  withFirstTerm(license, 'ACTIVATION', at, (started) => record(started, data, at));

/**
 * Releases a device, also of a suspended or expired license. Releasing it again within 25 hours changes nothing. The
 * policy's allowance and cooldown bind clients, not administrators: the allowance counts releases in the running term,
 * the cooldown runs from the last release by a client.
 */
const deactivate = ({ data, at }: CommandOf<'Deactivate'>, license: IssuedLicense): LicenseDecision => {
  const { facts } = license;
  const { device, by, byKey } = data;
  const activation = namedActivation(license, device, at);
  const foreign = isUnproven(device, activation) ? refuseUnproven(facts, byKey, 'fingerprint') : null;
  if (foreign !== null) return foreign;
  if (activation === null)
    return wasReleased(license, device, at)
      ? []
      : reject('ACTIVATION_NOT_FOUND', `License ${facts.licenseId} is not active on this device.`);
  const refusal = by === 'ADMIN' ? null : refuseRelease(license, at);
  if (refusal !== null) return refusal;
  return [
    deactivated(activation.activationId, by, license.activations.size, presentedHashOf(device, activation)),
    ...releaseOnDeactivation(license, activation, by, at),
  ];
};

/** Returns the release of an active device by an administrator, and of its seat where machines hold the seats. */
export const releaseDevice = (license: IssuedLicense, activation: Activation, at: Instant): readonly LicenseEvent[] => [
  deactivated(activation.activationId, 'ADMIN', license.activations.size),
  ...releaseOnDeactivation(license, activation, 'ADMIN', at),
];

/** Releases a device of a license that has expired and may no longer be used, for another license that activates it. */
const releaseExpired = ({ data, at }: CommandOf<'ReleaseExpired'>, license: IssuedLicense): LicenseDecision => {
  const activation = license.activations.get(data.activationId);
  if (activation === undefined || !isUseOver(license.facts, at)) return [];
  return [
    deactivated(data.activationId, 'EXPIRED', license.activations.size),
    ...releaseOnDeactivation(license, activation, 'USER', at),
  ];
};

/** Releases one device and binds another in one step, under the guards of both. */
const swap = ({ data, at }: CommandOf<'SwapActivation'>, license: IssuedLicense): LicenseDecision => {
  const { facts, activations } = license;
  const previous = namedActivation(license, data.release, at);
  const existing = activationOf(license, data.activate);
  const refusal = refuseUse(facts, data.activate.product, at);
  if (refusal !== null) return refusal;
  const unproven = isUnproven(data.release, previous);
  const foreign = unproven ? refuseUnproven(facts, data.byKey, 'release/fingerprint') : null;
  if (foreign !== null) return foreign;
  const { byKey = false } = data;
  const requested = { ...data.activate, byKey };
  const mismatch = existing === null ? null : refuseComponents(facts.policy, existing, requested);
  if (mismatch !== null) return mismatch;
  if (previous === null)
    return existing !== null && wasReleased(license, data.release, at)
      ? []
      : reject('ACTIVATION_NOT_FOUND', `License ${facts.licenseId} is not active on the device to release.`);
  if (existing !== null)
    return existing === previous
      ? []
      : reject('INVALID_REQUEST', 'The device to activate is active already; deactivate the other one instead.');
  const releaseRefusal = refuseRelease(license, at);
  if (releaseRefusal !== null) return releaseRefusal;
  const activation = record(license, requested, at, previous);
  if ('rejected' in activation) return activation;
  return [
    deactivated(previous.activationId, 'SWAP', activations.size, presentedHashOf(data.release, previous)),
    ...releaseOnDeactivation(license, previous, 'USER', at),
    ...activation,
  ];
};

const record = (
  license: IssuedLicense,
  device: Device,
  at: Instant,
  released: Activation | null = null,
): readonly LicenseEvent[] | ReturnType<typeof refuse> => {
  const { facts } = license;
  const { activations: limit } = facts.limits;
  const { userRef = null } = device;
  const count = license.activations.size - (released === null ? 0 : 1);
  const refusal =
    refuseUse(facts, device.product, at) ??
    refuseLateRelease(facts, device.releasedAt ?? null) ??
    refuseUsedFor(license, device);
  if (refusal !== null) return refusal;
  const active = activationOf(license, device);
  if (active !== null) {
    const changesUser = userRef !== null && userRef !== active.userRef;
    const full = changesUser ? refuseDevicesOf(license, userRef, null) : null;
    return refuseComponents(facts.policy, active, device) ?? full ?? updateDevice(facts.policy, active, device, at);
  }
  const unfit = refuseSilence(facts.policy, device) ?? refuseDevicesOf(license, userRef, released);
  if (unfit !== null) return unfit;
  if (count >= capacity(limit, facts.policy.overage))
    return refuse(
      'ACTIVATION_LIMIT_EXCEEDED',
      `License ${facts.licenseId} is active on ${count} of ${limit} devices. Deactivate one first, or ask the holder or the issuer to release one.`,
    );
  return refuseUnreserved(license, device, at) ?? [recorded(device, count, limit)];
};

const recorded = (device: Device, count: number, limit: Limit): LicenseEvent => {
  const { activationId, fingerprintHash, product, nameRef, platform, appVersion } = device;
  const { components, userRef, environment } = device;
  return {
    type: 'ActivationRecorded',
    data: {
      activationId,
      fingerprintHash,
      product,
      nameRef,
      platform,
      appVersion,
      countAfter: count + 1,
      limit,
      overage: isUsedUp(count, limit),
      ...(components === undefined ? {} : { components }),
      ...(userRef === undefined ? {} : { userRef }),
      ...(environment === undefined ? {} : { environment }),
    },
  };
};

const deactivated = (
  activationId: string,
  cause: DeactivationCause,
  countBefore: number,
  presentedHash?: string,
): LicenseEvent => ({
  type: 'ActivationDeactivated',
  data: { activationId, cause, countAfter: countBefore - 1, ...(presentedHash === undefined ? {} : { presentedHash }) },
});

const refuseRelease = ({ facts, deactivationsInTerm, lastDeactivatedAt }: IssuedLicense, at: Instant) => {
  const { allowed, maxPerTerm, cooldownSeconds } = facts.policy.deactivation;
  if (!allowed)
    return refuse('DEACTIVATION_LIMIT', 'The policy of this license lets only its vendor release a device.');
  const releases = hasEnteredTerm(facts, at) ? 0 : deactivationsInTerm;
  if (maxPerTerm !== null && releases >= maxPerTerm)
    return refuse('DEACTIVATION_LIMIT', `All ${maxPerTerm} deactivations of this term are used; ask the vendor.`);
  if (lastDeactivatedAt === null) return null;
  const cooldownEndsAt = plusSeconds(lastDeactivatedAt, cooldownSeconds);
  if (at >= cooldownEndsAt) return null;
  return refuse('COOLDOWN_ACTIVE', `The next device can be released from ${cooldownEndsAt} on.`);
};

const refuse = (code: LicenseRejection, detail: string) => reject<LicenseRejection>(code, detail);
