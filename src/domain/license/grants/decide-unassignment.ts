import type { CommandOf, LicenseDecision } from '../commands.ts';
import { releaseDevice } from '../devices/decide-devices.ts';
import { type Draft, draftOf } from '../draft.ts';
import type { IssuedLicense } from '../license.ts';
import { releaseSeat } from '../seats/decide-seats.ts';

/**
 * Unassigns a user, and ends the seats that were taken for the user, as an administrator ends them: a borrowed seat
 * returns when the borrow ends. Ends the devices of the user, too, where the policy says so. Repeating the command ends
 * what an earlier release left, and else changes nothing.
 */
export const unassignUser = ({ data, at }: CommandOf<'UnassignUser'>, license: IssuedLicense): LicenseDecision => {
  const { users, leases, activations, facts } = license;
  const { userRef } = data;
  const seats = ofUser(leases, userRef);
  const devices = facts.policy.deactivateOnUnassign === true ? ofUser(activations, userRef) : [];
  if (!users.has(userRef) && seats.length + devices.length === 0) return [];
  const draft = draftOf(license, at);
  if (users.has(userRef)) draft.add({ type: 'UserUnassigned', data: { ...data, countAfter: users.size - 1 } });
  for (const leaseId of seats) endSeat(draft, leaseId);
  for (const activationId of devices) endDevice(draft, activationId);
  return draft.events;
};

const endSeat = ({ license, at, add }: Draft, leaseId: string): void => {
  const lease = license.leases.get(leaseId);
  if (lease !== undefined) add(releaseSeat(license, lease, 'ADMIN', at));
};

const endDevice = ({ license, at, add }: Draft, activationId: string): void => {
  const activation = license.activations.get(activationId);
  if (activation === undefined) return;
  for (const event of releaseDevice(license, activation, at)) add(event);
};

// More events would not fit into one append. The heartbeats of further seats are refused, and a repetition ends the rest.
const partsMax = 200;

const ofUser = (
  parts: Iterable<readonly [string, { readonly userRef: string | null }]>,
  userRef: string,
): readonly string[] => {
  const ids: string[] = [];
  for (const [id, part] of parts) if (ids.length < partsMax && part.userRef === userRef) ids.push(id);
  return ids;
};
