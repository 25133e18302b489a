import type { CommandOf, LicenseDecision } from '../commands.ts';
import { releaseDevice } from '../devices/decide-devices.ts';
import { type Draft, draftOf } from '../draft.ts';
import type { IssuedLicense } from '../license.ts';
import { releaseSeat } from '../seats/decide-seats.ts';

/**
 * Unassigns a user, and ends the seats that were taken for the user, as an administrator ends them: a borrowed seat
 * returns when the borrow ends. Ends the devices of the user, too, where the policy says so. Repeating the command ends
 * what an earlier command left, and else changes nothing.
 */
export const unassignUser = ({ data, at }: CommandOf<'UnassignUser'>, license: IssuedLicense): LicenseDecision => {
  const draft = draftOf(license, at);
  if (license.users.has(data.userRef))
    draft.add({ type: 'UserUnassigned', data: { ...data, countAfter: license.users.size - 1 } });
  endUseOf(draft, new Set([data.userRef]));
  return draft.events;
};

/**
 * Ends the seats of users who are no longer assigned, and their devices where the policy says so. Ends at most 200 seats
 * and 200 devices: more events would not fit into one append. The heartbeats of further seats are refused.
 */
export const endUseOf = (draft: Draft, userRefs: ReadonlySet<string>): void => {
  const { leases, activations, facts } = draft.license;
  const seats = ofUsers(leases, userRefs);
  const devices = facts.policy.deactivateOnUnassign === true ? ofUsers(activations, userRefs) : [];
  for (const leaseId of seats) endSeat(draft, leaseId);
  for (const activationId of devices) endDevice(draft, activationId);
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

const partsMax = 200;

const ofUsers = (
  parts: Iterable<readonly [string, { readonly userRef: string | null }]>,
  userRefs: ReadonlySet<string>,
): readonly string[] => {
  const ids: string[] = [];
  for (const [id, { userRef }] of userRefs.size === 0 ? [] : parts)
    if (ids.length < partsMax && userRef !== null && userRefs.has(userRef)) ids.push(id);
  return ids;
};
