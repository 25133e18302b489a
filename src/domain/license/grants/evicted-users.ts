import { releaseDevice } from '../devices/decide-devices.ts';
import type { Draft } from '../draft.ts';
import { releaseSeat } from '../seats/decide-seats.ts';

/**
 * Ends the seats of users whom a lowered limit evicts, and their devices where the policy says so, as if the users were
 * unassigned. Ends at most 200 seats and 200 devices, and fewer when the decision has more than 50 events
 * without them: more events would not fit into one append. The heartbeats of further seats are refused, and unassigning
 * such a user ends the rest.
 */
export const endUseOfEvicted = (draft: Draft, userRefs: ReadonlySet<string>): void => {
  const { leases, activations, facts } = draft.license;
  const max = Math.min(partsMax, Math.max(0, Math.floor((eventsMax - draft.events.length) / 2)));
  const seats = ofUsers(leases, userRefs, max);
  const devices = facts.policy.deactivateOnUnassign === true ? ofUsers(activations, userRefs, max) : [];
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

/** About the most events of one decision that evicts users. */
const eventsMax = 450;

const ofUsers = (
  parts: Iterable<readonly [string, { readonly userRef: string | null }]>,
  userRefs: ReadonlySet<string>,
  max: number,
): readonly string[] => {
  const ids: string[] = [];
  if (userRefs.size === 0) return ids;
  for (const [id, { userRef }] of parts) {
    if (ids.length >= max) break;
    if (userRef !== null && userRefs.has(userRef)) ids.push(id);
  }
  return ids;
};
