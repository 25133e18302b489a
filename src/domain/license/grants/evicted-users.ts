import { releaseDevice } from '../devices/decide-devices.ts';
import type { Draft } from '../draft.ts';
import { releaseSeat } from '../seats/decide-seats.ts';

/**
 * Ends the seats of users whom a lowered limit evicts, and their devices where the policy says so, as if the users were
 * unassigned. Ends at most 200 seats and 200 devices: more events would not fit into one append. The heartbeats of further
 * seats are refused, and unassigning such a user ends the rest.
 */
export const endUseOfEvicted = (draft: Draft, userRefs: ReadonlySet<string>): void => {
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
  if (userRefs.size === 0) return ids;
  for (const [id, { userRef }] of parts) {
    if (userRef !== null && userRefs.has(userRef)) ids.push(id);
    if (ids.length === partsMax) break;
  }
  return ids;
};
