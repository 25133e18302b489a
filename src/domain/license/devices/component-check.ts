import { reject } from '../../decider.ts';
import type { LicenseRejection } from '../commands.ts';
import type { Activation } from '../license.ts';
import type { PinnedPolicy } from '../policy.ts';
import type { Device } from './device-commands.ts';

/** Hashes of the components of a device, by name. */
export type Components = Readonly<Record<string, string>>;

/** Why the components of a request are not those of the device that it names. */
export type ComponentProblem = 'COMPONENTS_REQUIRED' | 'COMPONENTS_MISMATCH';

/**
 * Compares the components of a request with the recorded ones, as the policy checks them for a device that the request
 * names. Returns null when enough are the same, when no components are recorded, and without a check. A component that
 * the request leaves out is not the same.
 */
export const componentProblem = (
  { componentCheck = 'NONE' }: Pick<PinnedPolicy, 'componentCheck'>,
  recorded: Components,
  presented: Components | undefined,
): ComponentProblem | null => {
  const count = Object.keys(recorded).length;
  if (componentCheck === 'NONE' || count === 0) return null;
  if (presented === undefined || Object.keys(presented).length === 0) return 'COMPONENTS_REQUIRED';
  return sameCount(recorded, presented) < leastOf[componentCheck](count) ? 'COMPONENTS_MISMATCH' : null;
};

/**
 * Returns true when the components of a request find a device that it does not name by its fingerprint. Any, more than
 * half, or all of the recorded ones are equal then, and the check accepts them. Returns false under EXACT, and when no
 * components are recorded.
 */
export const matchesDevice = (
  policy: Pick<PinnedPolicy, 'fingerprintMatching' | 'componentCheck'>,
  recorded: Components,
  presented: Components,
): boolean => {
  const { fingerprintMatching } = policy;
  const count = Object.keys(recorded).length;
  if (fingerprintMatching === 'EXACT' || count === 0) return false;
  const isFound = sameCount(recorded, presented) >= leastOf[fingerprintMatching](count);
  return isFound && componentProblem(policy, recorded, presented) === null;
};

/**
 * Refuses to activate an active device again with components that the check does not accept. Otherwise the bearer of the
 * key could replace the recorded components of a device by its own. An organization may replace them.
 */
export const refuseComponents = (policy: PinnedPolicy, activation: Activation, { components, byKey }: Device) => {
  const problem = byKey === true ? componentProblem(policy, activation.components, components) : null;
  return problem === null ? null : reject<LicenseRejection>(problem, details[problem], 'components');
};

/**
 * Refuses to activate a new device by the key without components that the policy will compare. Otherwise the first
 * device that names some would replace its identity. An organization may activate such a device.
 */
export const refuseSilence = ({ componentCheck = 'NONE' }: PinnedPolicy, { components = {}, byKey }: Device) =>
  byKey === true && componentCheck !== 'NONE' && Object.keys(components).length === 0
    ? reject<LicenseRejection>('COMPONENTS_REQUIRED', details.COMPONENTS_REQUIRED, 'components')
    : null;

/** How many components a device has at most. */
export const componentsMax = 32;

/**
 * Returns the components to record for an active device that a request names. With the key they complete the recorded
 * ones, so that the check compares no fewer than before. Those of an organization replace them. None change nothing.
 */
export const componentsToRecord = (
  recorded: Components,
  { components = {}, byKey }: Pick<Device, 'components' | 'byKey'>,
): Components => {
  if (Object.keys(components).length === 0) return recorded;
  if (byKey !== true) return components;
  return Object.fromEntries(Object.entries({ ...recorded, ...components }).slice(0, componentsMax));
};

const details = {
  COMPONENTS_REQUIRED: 'The policy compares the components of a device. Send components with the fingerprint.',
  COMPONENTS_MISMATCH:
    'An active device has this fingerprint, but too few of its components are the same. Deactivate the device and activate it again, or ask the holder or the issuer to release it.',
} as const;

/** How many of the recorded components must be the same. */
const leastOf = {
  ANY: () => 1,
  TWO: (count: number) => Math.min(2, count),
  MOST: (count: number) => Math.floor(count / 2) + 1,
  ALL: (count: number) => count,
} as const;

const sameCount = (recorded: Components, presented: Components): number =>
  Object.keys(recorded).filter((name) => Object.hasOwn(presented, name) && presented[name] === recorded[name]).length;
