import { reject } from '../../decider.ts';
import type { LicenseRejection } from '../commands.ts';
import type { Activation, IssuedLicense } from '../license.ts';

/**
 * Refuses another device of a user who has as many active devices as the policy allows one user, and a device without a
 * user under such a policy. `userRef`: the user of the device; null: none. `released`: the device that makes
 * room, which does not count. Devices above a limit that was set later stay.
 */
export const refuseDevicesOf = (
  { facts, activations }: IssuedLicense,
  userRef: string | null,
  released: Activation | null,
) => {
  const { devicesPerUser } = facts.policy;
  if (devicesPerUser === undefined) return null;
  if (userRef === null) return reject<LicenseRejection>('USER_SCOPE_REQUIRED', userMissing, 'user');
  let count = 0;
  for (const activation of activations.values())
    if (activation.userRef === userRef && activation !== released) count += 1;
  if (count < devicesPerUser) return null;
  return reject<LicenseRejection>(
    'ACTIVATION_LIMIT_EXCEEDED',
    `License ${facts.licenseId} is active on ${count} devices of this user, and its policy allows ${devicesPerUser} a user. Deactivate one of them first.`,
    'user',
  );
};

const userMissing = 'The policy limits the devices of each user. Send the user who uses the device.';
