import type { Rejection } from '../../decider.ts';
import type { LicenseCommand, LicenseRejection } from '../commands.ts';
import { activationOf } from '../devices/device-matching.ts';
import type { Activation } from '../license.ts';
import { seatsInUse } from '../seats/seats-in-use.ts';
import { seatsWithHolder } from '../seats/withheld-seats.ts';
import { capacity, isUsedUp, keptCapacity, type Limit, type Limits, unlimited } from '../usage/usage-limits.ts';
import type { Candidate } from './candidate.ts';
import type { RaisedLimits, RepairStep } from './repair-step.ts';
import { afterCommand, afterCommands, type Situation, seatOf } from './situation.ts';

// What frees devices, seats and assignments, or raises their limits.

type Kind = 'activations' | 'seats' | 'users';

/** Returns what makes room for one more device, seat or user, after the refusal of a command for want of it. */
export const roomAfter = (refusal: Rejection<LicenseRejection>, situation: Situation): readonly Candidate[] => {
  const kind = kindOf[refusal.rejected];
  if (kind === undefined) return [];
  if (refusal.place?.[0] === 'user') return roomOfUser(situation);
  const used = usedBy(situation)[kind];
  const limit = situation.license.facts.limits[kind];
  const excess = used + 1 - capacity(limit, situation.license.facts.policy.overage);
  const releasing = releases(kind, { count: excess, ids: releasable[kind](situation, true) });
  return isUsedUp(used, limit) ? [...releasing, raise({ [kind]: used + 1 })] : releasing;
};

/** Returns what lets the user of the request have one more device. No limit of the license helps. */
const roomOfUser = (situation: Situation): readonly Candidate[] => {
  const { license, scope } = situation;
  const { devicesPerUser = Number.POSITIVE_INFINITY } = license.facts.policy;
  const isOfUser = ({ userRef }: Activation) => userRef === scope.user;
  const count = [...license.activations.values()].filter(isOfUser).length + 1 - devicesPerUser;
  return releases('activations', { count, ids: freeDevices(situation, isOfUser) });
};

const kindOf: Partial<Record<LicenseRejection, Kind>> = {
  ACTIVATION_LIMIT_EXCEEDED: 'activations',
  SEAT_LIMIT_EXCEEDED: 'seats',
  USER_LIMIT_EXCEEDED: 'users',
};

/** Returns what brings the use of a kind back within what the policy lets stay. */
export const withinLimit = (situation: Situation, kind: Kind): readonly Candidate[] => {
  const { facts } = situation.license;
  const used = kind === 'seats' ? seatsWithHolder(facts) : facts.usage[kind];
  const excess = used - keptCapacity(facts.limits[kind], facts.policy.overage);
  const ids = releasable[kind](situation, false);
  return [...releases(kind, { count: excess, ids }), raise({ [kind]: used })];
};

/** Returns the candidate that raises limits. It does nothing after a step that has raised one of them further. */
export const raise = (limits: RaisedLimits): Candidate => ({
  step: { action: 'CHANGE_LIMITS', limits },
  apply: (situation) => {
    const before = situation.license.facts.limits;
    const after = { ...before, ...limits, meters: { ...before.meters, ...limits.meters } };
    if (isLowerThan(before, limits)) return null;
    const data = { limits: after, overrides: limits, strategy: 'ALLOW_OVER' } as const;
    return afterCommand(situation, { type: 'ChangeLimits', at: situation.at, data });
  },
});

const isLowerThan = (before: Limits, { meters = {}, ...others }: RaisedLimits): boolean => {
  const isLower = (limit: number, than: Limit | undefined) => than === unlimited || limit < (than ?? 0);
  return (
    Object.entries(others).some(([kind, limit]) => isLower(limit, before[kind as Kind])) ||
    Object.entries(meters).some(([meter, limit]) => isLower(limit, before.meters[meter]))
  );
};

const usedBy = ({ license, at }: Situation): Readonly<Record<Kind, number>> => ({
  activations: license.activations.size,
  seats: seatsInUse(license, at),
  users: license.users.size,
});

const releases = (
  kind: Kind,
  { count, ids }: { readonly count: number; readonly ids: readonly string[] },
): readonly Candidate[] => {
  if (count > ids.length) return [];
  const step: RepairStep = { action: releaseActions[kind], count, ids };
  const commands = (at: string) => ids.slice(0, count).map((id) => releaseCommands[kind](id, at));
  return [{ step, apply: (current) => afterCommands(current, commands(current.at)) }];
};

const releaseActions = {
  activations: 'RELEASE_DEVICES',
  seats: 'RELEASE_SEATS',
  users: 'UNASSIGN_USERS',
} as const;

const releaseCommands: Readonly<Record<Kind, (id: string, at: string) => LicenseCommand>> = {
  activations: (activationId, at) => ({ type: 'Deactivate', at, data: { device: { activationId }, by: 'ADMIN' } }),
  seats: (leaseId, at) => ({ type: 'ReleaseLease', at, data: { leaseId, by: 'ADMIN' } }),
  users: (userRef, at) => ({ type: 'UnassignUser', at, data: { userRef, cause: 'ADMIN' } }),
};

/** Returns the ids of parts that the request does not need, the oldest first. */
const releasable: Readonly<Record<Kind, (situation: Situation, isRoomNeeded: boolean) => readonly string[]>> = {
  activations: (situation) => freeDevices(situation, () => true),
  seats: (situation, isRoomNeeded) => {
    const { license } = situation;
    const own = seatOf(situation)?.leaseId;
    // The seat of a borrow stays taken after its release, unless the policy reclaims it.
    const isFreed = (borrow: boolean) => !isRoomNeeded || !borrow || license.facts.policy.reclaimBorrowed === true;
    return idsOf(license.leases, (id, { borrow }) => id !== own && isFreed(borrow));
  },
  users: (situation) => {
    const { license, scope } = situation;
    const own = [scope.user, namedDevice(situation)?.userRef, seatOf(situation)?.userRef];
    return idsOf(license.users, (userRef) => !own.includes(userRef));
  },
};

const freeDevices = (situation: Situation, isCounted: (device: Activation) => boolean): readonly string[] => {
  const { license, scope } = situation;
  const own = namedDevice(situation);
  const isFree = (device: Activation) => device !== own && device.fingerprintHash !== scope.lease;
  return idsOf(license.activations, (_, device) => isFree(device) && isCounted(device));
};

const idsOf = <Part extends NonNullable<unknown>>(
  parts: Iterable<readonly [string, Part]>,
  isFree: (id: string, part: Part) => boolean,
): readonly string[] => {
  const ids: string[] = [];
  for (const [id, part] of parts) {
    if (ids.length === listedMax) break;
    if (isFree(id, part)) ids.push(id);
  }
  return ids;
};

/**
 * Returns the activation that the request names by its id, its fingerprint or its components; null when there is none.
 */
export const namedDevice = ({ license, scope }: Situation): Activation | null => {
  const { activationId = null, fingerprint, components } = scope;
  if (activationId !== null) return license.activations.get(activationId) ?? null;
  if (fingerprint === null) return null;
  return activationOf(license, { fingerprintHash: fingerprint, ...(components === undefined ? {} : { components }) });
};

/** A step lists at most so many parts to choose from. */
const listedMax = 100;
