import { reject } from '../../decider.ts';
import { type Instant, plusSeconds } from '../../time.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from '../commands.ts';
import type { LicenseEvent } from '../events.ts';
import type { IssuedLicense } from '../license.ts';
import { releaseOnDeactivation } from '../seats/decide-seats.ts';
import { firstTerm } from '../term/decide-term.ts';
import { refuseUse, refuseUser } from '../usage/usage-guard.ts';
import { capacity } from '../usage/usage-limits.ts';
import type { Device } from './device-commands.ts';
import type { DeactivationCause } from './device-events.ts';
import { activationOf, namedActivation, wasReleased } from './device-matching.ts';

/**
 * Binds a device to the license, once per device, while the limit and its overage have room. Good for all products of the
 * license. The first one begins a term that waits for it.
 */
export const activate = ({ data, at }: CommandOf<'Activate'>, license: IssuedLicense): LicenseDecision =>
  recorded(license, data, at, license.activations.size);

/**
 * Releases a device; also of a suspended or expired license. Releasing it again within 25 hours changes nothing. The
 * holder is bound to the policy's allowance (counted since the last renewal) and to its cooldown (since the holder's
 * last release).
 */
export const deactivate = ({ data, at }: CommandOf<'Deactivate'>, license: IssuedLicense): LicenseDecision => {
  const { facts, activations } = license;
  const { device, by } = data;
  const named = 'activationId' in device ? device.activationId : device.fingerprintHash;
  const activation = namedActivation(license, device);
  if (activation === null)
    return wasReleased(license, named, at)
      ? []
      : reject('ACTIVATION_NOT_FOUND', `License ${facts.licenseId} is not active on this device.`);
  const refusal = by === 'ADMIN' ? null : refuseRelease(license, at);
  if (refusal !== null) return refusal;
  return [closed(activation.activationId, by, activations.size), ...releaseOnDeactivation(license, activation, by, at)];
};

/** Releases one device and binds another, under the guards of both, in one step. */
export const swap = ({ data, at }: CommandOf<'SwapActivation'>, license: IssuedLicense): LicenseDecision => {
  const { facts, activations } = license;
  const released = namedActivation(license, data.release);
  const taken = activationOf(license, data.activate);
  const refusal = refuseUse(facts, data.activate.product, at);
  if (refusal !== null) return refusal;
  if (released === null) {
    const named = 'activationId' in data.release ? data.release.activationId : data.release.fingerprintHash;
    return taken !== null && wasReleased(license, named, at)
      ? []
      : reject('ACTIVATION_NOT_FOUND', `License ${facts.licenseId} is not active on the device to release.`);
  }
  if (taken !== null)
    return taken === released
      ? []
      : reject('INVALID_REQUEST', 'The device to activate is active already; deactivate the other one instead.');
  const notYet = refuseRelease(license, at);
  if (notYet !== null) return notYet;
  const activation = recorded(license, data.activate, at, activations.size - 1);
  if ('rejected' in activation) return activation;
  return [
    closed(released.activationId, 'SWAP', activations.size),
    ...releaseOnDeactivation(license, released, 'USER', at),
    ...activation,
  ];
};

const recorded = (
  license: IssuedLicense,
  device: Device,
  at: Instant,
  count: number,
): readonly LicenseEvent[] | ReturnType<typeof refuse> => {
  const { facts } = license;
  const { activations: limit } = facts.limits;
  const start = facts.awaited?.trigger === 'FIRST_ACTIVATION' ? firstTerm(facts, facts.awaited, at) : null;
  if (start !== null && 'rejected' in start) return start;
  const refusal = refuseUse(facts, device.product, at, start !== null) ?? refuseUser(license, device.userRef ?? null);
  if (refusal !== null) return refusal;
  if (activationOf(license, device) !== null) return [];
  if (count >= capacity(limit, facts.policy.overage))
    return refuse(
      'ACTIVATION_LIMIT_EXCEEDED',
      `License ${facts.licenseId} is active on ${count} of ${limit} devices; deactivate one first.`,
    );

  const { activationId, fingerprintHash, product, nameRef, platform, appVersion } = device;
  const { components, userRef, environment } = device;
  const event: LicenseEvent = {
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
      overage: count >= limit,
      ...(components === undefined ? {} : { components }),
      ...(userRef === undefined ? {} : { userRef }),
      ...(environment === undefined ? {} : { environment }),
    },
  };
  return start === null ? [event] : [start, event];
};

const refuseRelease = ({ facts, deactivationsInTerm, lastDeactivatedAt }: IssuedLicense, at: Instant) => {
  const { allowed, maxPerTerm, cooldownSeconds } = facts.policy.deactivation;
  if (!allowed)
    return refuse('DEACTIVATION_LIMIT', 'The policy of this license lets only its vendor release a device.');
  if (maxPerTerm !== null && deactivationsInTerm >= maxPerTerm)
    return refuse('DEACTIVATION_LIMIT', `All ${maxPerTerm} deactivations of this term are used; ask the vendor.`);
  if (lastDeactivatedAt === null) return null;
  const coolAt = plusSeconds(lastDeactivatedAt, cooldownSeconds);
  return at < coolAt ? refuse('COOLDOWN_ACTIVE', `The next device can be released from ${coolAt} on.`) : null;
};

const closed = (activationId: string, cause: DeactivationCause, countBefore: number) =>
  ({ type: 'ActivationDeactivated', data: { activationId, cause, countAfter: countBefore - 1 } }) as const;

const refuse = (code: LicenseRejection, detail: string) => reject<LicenseRejection>(code, detail);
