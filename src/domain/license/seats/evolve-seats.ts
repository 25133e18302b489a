import type { At } from '../../decider.ts';
import type { EventWith } from '../consequences.ts';
import { takeAnnounced } from '../endings/ended-parts.ts';
import { withAnnouncement } from '../endings/evolve-endings.ts';
import type { EventOf } from '../events.ts';
import { lapseKnownUntil, noteRepeatable } from '../forget.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { withUsage } from '../usage/with-usage.ts';
import type { SeatEvent } from './seat-events.ts';

/** Returns the facts after an event about a seat. */
export const evolveSeatFacts = (facts: LicenseFacts, event: Extract<EventWith<'facts'>, SeatEvent>): LicenseFacts => {
  const { activations, users, meters } = facts.usage;
  switch (event.type) {
    case 'LeaseAcquired':
    case 'LeaseLapsed':
      return withUsage(facts, { activations, seats: event.data.inUseAfter, users, meters });
    case 'LeaseReleased':
      return (
        withAnnouncement(facts, event) ?? withUsage(facts, { activations, seats: event.data.inUseAfter, users, meters })
      );
  }
};

/** Changes, in place, the open leases, and what is known of ended ones. */
export const evolveSeatCollections = (
  license: IssuedLicense,
  event: Extract<EventWith<'collections'>, SeatEvent>,
  at: At,
): void => {
  switch (event.type) {
    case 'LeaseAcquired':
      addLease(license, event.data);
      return;
    case 'LeaseExtended':
      extendLease(license, event.data);
      return;
    case 'LeaseReleased': {
      if (takeAnnounced(license, event, at)) return;
      const { leaseId, seatFreeAt } = event.data;
      removeLease(license, leaseId);
      noteRepeatable(license.released, leaseId, at.recordedAt);
      if (seatFreeAt !== null) license.withheld.set(leaseId, seatFreeAt);
      return;
    }
    case 'LeaseLapsed':
      lapse(license, event.data.leaseId, at);
      return;
    default:
      event satisfies never;
  }
};

const addLease = (license: IssuedLicense, data: EventOf<'LeaseAcquired'>['data']): void => {
  const { leaseId, holderHash, product, userRef, ttlSeconds, expiresAt, borrow } = data;
  const lease = { leaseId, holderHash, product, userRef, ttlSeconds, expiresAt, borrow };
  license.leases.set(leaseId, lease);
  license.leaseByHolder.set(holderHash, leaseId);
  license.lapsed.delete(leaseId);
  if (borrow) license.borrowed.set(leaseId, lease);
};

const extendLease = (
  { leases, borrowed }: IssuedLicense,
  { leaseId, expiresAt }: EventOf<'LeaseExtended'>['data'],
): void => {
  const lease = leases.get(leaseId);
  if (lease === undefined) return;
  const extended = { ...lease, expiresAt };
  leases.set(leaseId, extended);
  borrowed.set(leaseId, extended);
};

const lapse = (license: IssuedLicense, leaseId: string, { recordedAt, effectiveAt }: At): void => {
  const lease = license.leases.get(leaseId);
  removeLease(license, leaseId);
  if (lease === undefined) return;
  const { resurrectSeconds } = license.facts.policy.lease;
  const knownUntil = lapseKnownUntil(effectiveAt, resurrectSeconds, recordedAt);
  license.lapsed.set(leaseId, { lease, lapsedAt: effectiveAt, knownUntil });
};

const removeLease = (license: IssuedLicense, leaseId: string): void => {
  const lease = license.leases.get(leaseId);
  if (lease !== undefined) license.leaseByHolder.delete(lease.holderHash);
  license.leases.delete(leaseId);
  license.borrowed.delete(leaseId);
};
