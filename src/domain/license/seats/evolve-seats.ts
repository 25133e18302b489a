import type { At } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { EventWith } from '../consequences.ts';
import { takeAnnounced } from '../endings/ended-parts.ts';
import { withAnnouncement } from '../endings/evolve-endings.ts';
import type { EventOf } from '../events.ts';
import { lapseKnownUntil, noteRepeatable } from '../forget.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { withUsage } from '../usage/with-usage.ts';
import type { SeatEvent } from './seat-events.ts';
import { stillWithheld } from './withheld-seats.ts';

/** Returns the facts after an event about a seat. */
export const evolveSeatFacts = (
  facts: LicenseFacts,
  event: Extract<EventWith<'facts'>, SeatEvent>,
  { recordedAt }: At,
): LicenseFacts => {
  const { usage, endings, withheldSeats } = facts;
  switch (event.type) {
    case 'LeaseAcquired': {
      const withheld = stillWithheld(withheldSeats, recordedAt, event.data.takesBack);
      return withUsage(facts, { ...usage, seats: event.data.inUseAfter }, endings, { withheldSeats: withheld });
    }
    case 'LeaseLapsed': {
      const withheld = stillWithheld(withheldSeats, recordedAt);
      return withUsage(facts, { ...usage, seats: event.data.inUseAfter }, endings, { withheldSeats: withheld });
    }
    case 'LeaseReleased': {
      const announced = withAnnouncement(facts, event);
      if (announced !== null) return withLateEnd(announced, event.data, recordedAt);
      const { inUseAfter, leaseId, seatFreeAt } = event.data;
      const withheld = stillWithheld(withheldSeats, recordedAt);
      const all = seatFreeAt === null ? withheld : [...withheld, { leaseId, freeAt: seatFreeAt }];
      return withUsage(facts, { ...usage, seats: inUseAfter }, endings, { withheldSeats: all });
    }
  }
};

// Earlier decisive events did not say when the seats return; their announcements do.
const withLateEnd = (
  facts: LicenseFacts,
  { leaseId, seatFreeAt }: EventOf<'LeaseReleased'>['data'],
  recordedAt: Instant,
): LicenseFacts => {
  const { usage, endings, withheldSeats } = facts;
  if (seatFreeAt === null || seatFreeAt <= recordedAt) return facts;
  if (withheldSeats.some((seat) => seat.leaseId === leaseId)) return facts;
  return withUsage(facts, usage, endings, { withheldSeats: [...withheldSeats, { leaseId, freeAt: seatFreeAt }] });
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
      const holderHash = license.leases.get(leaseId)?.holderHash ?? '';
      removeLease(license, leaseId);
      noteRepeatable(license.released, leaseId, at.recordedAt);
      if (seatFreeAt !== null) license.withheld.set(leaseId, { freeAt: seatFreeAt, holderHash });
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
  const { leaseId, holderHash, product, userRef, ttlSeconds, expiresAt, borrow, takesBack } = data;
  const lease = { leaseId, holderHash, product, userRef, ttlSeconds, expiresAt, borrow };
  license.leases.set(leaseId, lease);
  license.leaseByHolder.set(holderHash, leaseId);
  license.lapsed.delete(leaseId);
  if (borrow) license.borrowed.set(leaseId, lease);
  if (takesBack !== undefined) license.withheld.delete(takesBack);
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
