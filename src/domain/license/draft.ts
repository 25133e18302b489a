import { stamp } from '../decider.ts';
import type { Instant } from '../time.ts';
import type { DeactivationCause, LicenseEvent } from './events.ts';
import type { UnassignmentCause } from './events-grant.ts';
import type { ReleaseCause } from './events-lease.ts';
import { evolve, fork } from './evolve.ts';
import type { Activation, IssuedLicense, Lease } from './license.ts';
import { seatsInUse } from './seats.ts';

/** A decision of several events, each made on the license as the ones before it leave it. */
export type Draft = {
  readonly at: Instant;
  readonly events: readonly LicenseEvent[];
  /** As it is after the events so far; the license that was decided on stays as it is. */
  readonly license: IssuedLicense;
  readonly add: (event: LicenseEvent) => void;
};

/** A decision without events yet. It copies the license's collections: for commands that are rare. */
export const draftOf = (license: IssuedLicense, at: Instant): Draft => {
  const events: LicenseEvent[] = [];
  const copy = fork(license);
  if (copy.kind === 'unissued') throw new Error('A copy of an issued license is issued.');
  return {
    at,
    events,
    license: copy,
    add: (event) => {
      events.push(event);
      evolve(copy, event, stamp(event, at).at);
    },
  };
};

/** Closes the open activations that are meant, oldest first. */
export const closeActivations = (
  { license, add }: Draft,
  cause: DeactivationCause,
  isMeant: (activation: Activation) => boolean,
): void => {
  for (const activation of [...license.activations.values()].filter(isMeant)) {
    const { activationId } = activation;
    add({ type: 'ActivationDeactivated', data: { activationId, cause, countAfter: license.activations.size - 1 } });
  }
};

/** Releases the open leases that are meant, oldest first; their seats are free at once. */
export const releaseLeases = (draft: Draft, cause: ReleaseCause, isMeant: (lease: Lease) => boolean): void => {
  const { license, at, add } = draft;
  for (const { leaseId } of [...license.leases.values()].filter(isMeant))
    add({
      type: 'LeaseReleased',
      data: { leaseId, cause, inUseAfter: seatsInUse(license, at) - 1, seatFreeAt: null },
    });
};

/** Takes users off the license, those first who were assigned first, until `countMax` are left. */
export const unassignUsers = ({ license, add }: Draft, cause: UnassignmentCause, countMax: number): void => {
  for (const userRef of [...license.users].slice(0, Math.max(0, license.users.size - countMax)))
    add({ type: 'UserUnassigned', data: { userRef, cause, countAfter: license.users.size - 1 } });
};
