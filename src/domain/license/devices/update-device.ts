import type { LicenseEvent } from '../events.ts';
import type { Activation } from '../license.ts';
import type { PinnedPolicy } from '../policy.ts';
import type { Device } from './device-commands.ts';
import type { DeviceChanges } from './device-events.ts';

/**
 * Returns the event that updates an active device with what another activation says of it; none when nothing differs.
 * What the request does not name stays.
 *
 * The recorded fingerprint and components are the identity of a device. A request with another fingerprint never changes
 * them, because then one device after the other could take over an activation by a component in common. With the key
 * alone it changes nothing at all, where the policy lets such a client act on its own device only, and does not rename a
 * device, where the policy hides its name from such a client.
 */
export const updateDevice = (
  { deactivateByKey, deviceNamesByKey }: PinnedPolicy,
  activation: Activation,
  device: Device,
): readonly LicenseEvent[] => {
  const isProven = device.fingerprintHash === activation.fingerprintHash;
  const isForeign = !isProven && device.byKey === true;
  if (isForeign && deactivateByKey === 'OWN') return [];
  const named = isForeign && deviceNamesByKey === false ? { ...device, nameRef: null } : device;
  const changes = changesOf(activation, named, isProven);
  if (Object.keys(changes).length === 0) return [];
  return [{ type: 'ActivationUpdated', data: { activationId: activation.activationId, ...changes } }];
};

const changesOf = (activation: Activation, device: Device, isProven: boolean): DeviceChanges => {
  const { nameRef, platform, appVersion, userRef, environment, components = {} } = device;
  const isChanged = isProven && Object.keys(components).length > 0 && !isSame(components, activation.components);
  return {
    ...(isOther(nameRef, activation.nameRef) ? { nameRef } : {}),
    ...(isOther(platform, activation.platform) ? { platform } : {}),
    ...(isOther(appVersion, activation.appVersion) ? { appVersion } : {}),
    ...(isChanged ? { components } : {}),
    ...(isOther(userRef, activation.userRef) ? { userRef } : {}),
    ...(isOther(environment, activation.environment) ? { environment } : {}),
  };
};

const isOther = (requested: string | null | undefined, recorded: string | null): requested is string =>
  requested !== null && requested !== undefined && requested !== recorded;

type Components = Readonly<Record<string, string>>;

const isSame = (one: Components, other: Components): boolean => {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
};
