import type { Instant } from '../../time.ts';
import { isRepeated } from '../forget.ts';
import type { Activation, IssuedLicense } from '../license.ts';
import type { PinnedPolicy } from '../policy.ts';
import type { Device, DeviceName } from './device-commands.ts';

/** The open activation that a device is known by: its fingerprint, else its parts as the policy's matching allows. */
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

/** The open activation that is named; null: none. */
export const namedActivation = (
  { activations, byFingerprint }: IssuedLicense,
  device: DeviceName,
): Activation | null => {
  const activationId = 'activationId' in device ? device.activationId : byFingerprint.get(device.fingerprintHash);
  return (activationId === undefined ? undefined : activations.get(activationId)) ?? null;
};

/**
 * Returns true when the device with this activation id or fingerprint hash was released in the last 25 hours, or its
 * release is still to be announced: releasing it once more is then a repetition.
 */
export const wasReleased = ({ deactivated, ended }: IssuedLicense, name: string, at: Instant): boolean =>
  isRepeated(deactivated, name, at) ||
  ended.some(({ activations, byFingerprint }) => activations.has(name) || byFingerprint.has(name));

type Components = Readonly<Record<string, string>>;

/**
 * Whether the parts of a device are those of an activation: of the recorded ones any, more than half, or all are the same.
 * Under EXACT parts never match, nor do they where none were recorded.
 */
export const matchesDevice = (
  matching: PinnedPolicy['fingerprintMatching'],
  recorded: Components,
  named: Components,
): boolean => {
  if (matching === 'EXACT') return false;
  const names = Object.keys(recorded);
  const same = names.filter((name) => Object.hasOwn(named, name) && named[name] === recorded[name]).length;
  if (same === 0) return false;
  if (matching === 'ANY') return true;
  return matching === 'MOST' ? same * 2 > names.length : same === names.length;
};
