import type { Instant } from '../../time.ts';
import { isRepeated } from '../forget.ts';
import type { Activation, IssuedLicense } from '../license.ts';
import type { PinnedPolicy } from '../policy.ts';
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
  const matching = facts.policy.fingerprintMatching;
  if (matching === 'EXACT' || components === undefined) return null;
  for (const activation of activations.values())
    if (matchesDevice(matching, activation.components, components)) return activation;
  return null;
};

/** Returns the open activation with this id or fingerprint hash; null when there is none. */
export const namedActivation = (
  { activations, byFingerprint }: IssuedLicense,
  device: DeviceName,
): Activation | null => {
  const activationId = 'activationId' in device ? device.activationId : byFingerprint.get(device.fingerprintHash);
  return (activationId === undefined ? undefined : activations.get(activationId)) ?? null;
};

/**
 * Returns true when the device with this activation id or fingerprint hash was released in the last 25 hours, or its
 * release is not announced yet: then releasing it again is a repetition.
 */
export const wasReleased = ({ deactivated, ended }: IssuedLicense, name: string, at: Instant): boolean =>
  isRepeated(deactivated, name, at) ||
  ended.some(({ activations, byFingerprint }) => activations.has(name) || byFingerprint.has(name));

type Components = Readonly<Record<string, string>>;

/**
 * Returns true when a device matches the recorded components of an activation: any, more than half, or all of them are
 * equal. Returns false under EXACT, and when no components are recorded.
 */
export const matchesDevice = (
  matching: PinnedPolicy['fingerprintMatching'],
  recorded: Components,
  presented: Components,
): boolean => {
  if (matching === 'EXACT') return false;
  const names = Object.keys(recorded);
  const same = names.filter((name) => Object.hasOwn(presented, name) && presented[name] === recorded[name]).length;
  if (same === 0) return false;
  if (matching === 'ANY') return true;
  return matching === 'MOST' ? same * 2 > names.length : same === names.length;
};
