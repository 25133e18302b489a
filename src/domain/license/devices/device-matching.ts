import type { Instant } from '../../time.ts';
import { isRepeated } from '../forget.ts';
import type { Activation, IssuedLicense } from '../license.ts';
import { matchesDevice } from './component-check.ts';
import type { Device, DeviceName } from './device-commands.ts';

/**
 * Returns the open activation of a device, or null. Recognizes the device by its fingerprint, else by its components
 * as the policy's matching allows.
 */
export const activationOf = (
  { facts, activations, byFingerprint }: IssuedLicense,
  { fingerprintHash, components }: Pick<Device, 'fingerprintHash' | 'components'>,
): Activation | null => {
  const exact = activations.get(byFingerprint.get(fingerprintHash) ?? '');
  if (exact !== undefined) return exact;
  const { policy } = facts;
  if (policy.fingerprintMatching === 'EXACT' || components === undefined) return null;
  for (const activation of activations.values())
    if (matchesDevice(policy, activation.components, components)) return activation;
  return null;
};

/**
 * Returns the open activation with this id, of this device, or both; null when there is none. After a release the same
 * name finds no other device by its components, so that a repetition releases nothing.
 */
export const namedActivation = (license: IssuedLicense, device: DeviceName, at: Instant): Activation | null => {
  const { fingerprintHash } = device;
  const components = wasReleased(license, device, at) ? undefined : device.components;
  const own =
    fingerprintHash === undefined
      ? null
      : activationOf(license, { fingerprintHash, ...(components === undefined ? {} : { components }) });
  if (!('activationId' in device)) return own;
  const named = license.activations.get(device.activationId) ?? null;
  return fingerprintHash === undefined || named === own ? named : null;
};

/**
 * Returns true when the fingerprint of the device is missing, or only components find the activation: other devices may
 * know the id and have equal components.
 */
export const isUnproven = (device: DeviceName, activation: Activation | null): boolean =>
  device.fingerprintHash === undefined || presentedHashOf(device, activation) !== undefined;

/** Returns the fingerprint that found the activation by components; undefined when the name is exact or finds none. */
export const presentedHashOf = ({ fingerprintHash }: DeviceName, activation: Activation | null): string | undefined =>
  activation === null || fingerprintHash === activation.fingerprintHash ? undefined : fingerprintHash;

/**
 * Returns true when the named device was released in the last 25 hours, or its release is not announced yet: then
 * releasing it again is a repetition.
 */
export const wasReleased = ({ deactivated, ended }: IssuedLicense, device: DeviceName, at: Instant): boolean =>
  namesOf(device).every(
    (name) =>
      isRepeated(deactivated, name, at) ||
      ended.some(({ activations, byFingerprint }) => activations.has(name) || byFingerprint.has(name)),
  );

const namesOf = (device: DeviceName): readonly string[] => {
  const { fingerprintHash } = device;
  const byFingerprint = fingerprintHash === undefined ? [] : [fingerprintHash];
  return 'activationId' in device ? [device.activationId, ...byFingerprint] : byFingerprint;
};
