import { type Instant, plusSeconds } from '../../time.ts';
import type { LicenseEvent } from '../events.ts';
import type { Activation } from '../license.ts';
import type { PinnedPolicy } from '../policy.ts';
import { type Components, componentsToRecord } from './component-check.ts';
import type { Device } from './device-commands.ts';
import type { DeviceChanges } from './device-events.ts';

/**
 * Returns the event that updates an active device with what another activation says of it; none when nothing differs.
 * What the request does not name stays.
 *
 * The recorded fingerprint and components are the identity of a device. A request with another fingerprint never
 * changes them, because then one device after the other could take over an activation by a component in common. With
 * the key alone it changes nothing at all where the policy lets such a client act on its own device only. It does not
 * rename a device where the policy hides its name from such a client.
 *
 * With the key alone, name, platform, version and components are updated at most once in 24 hours each. Otherwise two
 * applications on one device, which say different things of it, would add an event at every start. User and environment
 * are always updated, because validations compare them.
 */
export const updateDevice = (
  policy: PinnedPolicy,
  activation: Activation,
  device: Device,
  at: Instant,
): readonly LicenseEvent[] => {
  const changes = changesOf(policy, activation, device, at);
  if (Object.keys(changes).length === 0) return [];
  return [{ type: 'ActivationUpdated', data: { activationId: activation.activationId, ...changes } }];
};

/** Returns true when activating an active device at `at` records a new name for it. */
export const recordsName = (
  policy: PinnedPolicy,
  activation: Activation,
  device: Pick<Device, 'fingerprintHash' | 'byKey'>,
  at: Instant,
): boolean =>
  !(isForeign(activation, device) && (policy.deactivateByKey === 'OWN' || policy.deviceNamesByKey === false)) &&
  isDue(activation, device, 'nameRef', at);

const changesOf = (policy: PinnedPolicy, activation: Activation, device: Device, at: Instant): DeviceChanges => {
  if (isForeign(activation, device) && policy.deactivateByKey === 'OWN') return {};
  const { nameRef, platform, appVersion, userRef, environment } = device;
  const isUpdated = (detail: keyof DeviceChanges) => isDue(activation, device, detail, at);
  const components = isProven(activation, device)
    ? componentsToRecord(activation.components, device)
    : activation.components;
  const isRenamed = isOther(nameRef, activation.nameRef) && recordsName(policy, activation, device, at);
  return {
    ...(isRenamed ? { nameRef } : {}),
    ...(isOther(platform, activation.platform) && isUpdated('platform') ? { platform } : {}),
    ...(isOther(appVersion, activation.appVersion) && isUpdated('appVersion') ? { appVersion } : {}),
    ...(!isSame(components, activation.components) && isUpdated('components') ? { components } : {}),
    ...(isOther(userRef, activation.userRef) ? { userRef } : {}),
    ...(isOther(environment, activation.environment) ? { environment } : {}),
  };
};

type Presented = Pick<Device, 'fingerprintHash' | 'byKey'>;

const isProven = (activation: Activation, { fingerprintHash }: Presented): boolean =>
  fingerprintHash === activation.fingerprintHash;

/** Returns true when a client with only the key names a device that it does not prove to be its own. */
const isForeign = (activation: Activation, device: Presented): boolean =>
  device.byKey === true && !isProven(activation, device);

const isDue = ({ updatedAt }: Activation, { byKey }: Presented, detail: keyof DeviceChanges, at: Instant): boolean => {
  const last = updatedAt?.[detail];
  return byKey !== true || last === undefined || at >= plusSeconds(last, updatePauseSeconds);
};

const updatePauseSeconds = 24 * 3_600;

const isOther = (requested: string | null | undefined, recorded: string | null): requested is string =>
  requested !== null && requested !== undefined && requested !== recorded;

const isSame = (one: Components, other: Components): boolean => {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
};
