import { isRejection, reject } from '../../decider.ts';
import { earlier, type Instant, later, plusSeconds } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { ByKey } from '../devices/device-commands.ts';
import { draftOf } from '../draft.ts';
import type { LicenseEvent } from '../events.ts';
import { isRepeated, recentlyLapsed } from '../forget.ts';
import type { Activation, IssuedLicense, LapsedLease, Lease } from '../license.ts';
import { usableUntil } from '../status.ts';
import { withFirstTerm } from '../term/decide-first-term.ts';
import { refuseUnproven, refuseUse, refuseUsedFor, refuseUser } from '../usage/usage-guard.ts';
import { capacity, isUsedUp } from '../usage/usage-limits.ts';
import { lapsed, lapsedLeases } from './lapsed-leases.ts';
import type { LeaseName, SeatCommand } from './seat-commands.ts';
import type { ReleaseCause } from './seat-events.ts';
import { borrowedUntil, ownWithheld, seatsInUse } from './seats-in-use.ts';

/** Decides a command about floating seats. */
export const decideSeats = (command: SeatCommand, license: IssuedLicense): LicenseDecision => {
  switch (command.type) {
    case 'AcquireLease':
      return withFirstTerm(license, 'SEAT', command.at, (started) => acquireLease(command, started));
    case 'RenewLease':
      return renewLease(command, license);
    case 'ReleaseLease':
      return releaseLease(command, license);
    case 'LapseLease':
      return lapseLease(command, license);
  }
};

/**
 * Gives a seat to a machine, an instance or a user, as the policy counts them, while the limit and its overage allow
 * another one. A holder with a seat keeps it, and takes back a withheld one of its own. A seat that the holder has for
 * another user is handed over. Lapsed leases free their seats first, each by an event of its own. The
 * first seat begins a term that waits for the first use.
 */
const acquireLease = ({ data, at }: CommandOf<'AcquireLease'>, license: IssuedLicense): LicenseDecision => {
  const { facts, leases, leaseByHolder } = license;
  const { leaseId, holderHash, otherHashes = [], product, userRef, borrowSeconds } = data;
  const refusal = refuseUse(facts, product, at) ?? refuseUsedFor(license, data);
  if (refusal !== null) return refusal;
  const lapsing = lapsedLeases(license, data.dead, at);
  const current = leases.get(leaseByHolder.get(holderHash) ?? '');
  if (current !== undefined && !lapsing.some(({ lease }) => lease === current))
    return userRef === null || userRef === current.userRef ? [] : handOver(license, current, data, at);
  const borrowRefusal = refuseBorrow(license, borrowSeconds);
  if (borrowRefusal !== null) return borrowRefusal;

  let inUse = seatsInUse(license, at);
  const freed = lapsing.map(({ lease, lastSeenAt }) => lapsed(lease, lastSeenAt, --inUse));
  const acquiredLease = acquired(
    license,
    { leaseId, holderHash, otherHashes, product, userRef, borrowSeconds },
    inUse,
    at,
  );
  return acquiredLease === null ? noSeat(license, inUse) : [...freed, acquiredLease];
};

/** Ends the seat that the holder has for another user, and takes one for the user of the request in its place. */
const handOver = (license: IssuedLicense, current: Lease, data: Acquisition, at: Instant): LicenseDecision => {
  const draft = draftOf(license, at);
  draft.add(releaseSeat(license, current, 'USER', at));
  const taken = acquireLease({ type: 'AcquireLease', data, at }, draft.license);
  return isRejection(taken) ? taken : [...draft.events, ...taken];
};

/**
 * Accepts a heartbeat, which no event records, while the license may be used. A lapsed lease comes back within the
 * resurrection window when a seat is free. `borrowSeconds` extends a borrowed lease from now on.
 */
const renewLease = ({ data, at }: CommandOf<'RenewLease'>, license: IssuedLicense): LicenseDecision => {
  const { leases } = license;
  const { leaseId, borrowSeconds } = data;
  const foreign = refuseForeign(license, data);
  if (foreign !== null) return foreign;
  const previous = recentlyLapsed(license, leaseId, at);
  const lease = leases.get(leaseId) ?? previous?.lease;
  if (lease === undefined && isRepeated(license.released, leaseId, at)) return releasedLease(license, leaseId);
  if (lease === undefined || !isOf(lease, data)) return noLease(license);
  const refusal = refuseUse(license.facts, coveredBy(license, lease), at) ?? refuseUser(license, lease.userRef);
  if (refusal !== null) return refusal;
  const isAlive = leases.has(leaseId) && (!lease.borrow || at < lease.expiresAt);
  if (!isAlive) return resurrectLease(license, lease, previous, at);
  return lease.borrow && borrowSeconds !== null ? extendBorrow(license, lease, borrowSeconds, at) : [];
};

const extendBorrow = (
  license: IssuedLicense,
  { leaseId, expiresAt: previousExpiresAt }: Lease,
  borrowSeconds: number,
  at: Instant,
): LicenseDecision => {
  const expiresAt = endOfBorrow(license, borrowSeconds, at);
  if (expiresAt <= previousExpiresAt) return [];
  return refuseBorrow(license, borrowSeconds) ?? [{ type: 'LeaseExtended', data: { leaseId, expiresAt } }];
};

const resurrectLease = (
  license: IssuedLicense,
  lease: Lease,
  previous: LapsedLease | undefined,
  at: Instant,
): LicenseDecision => {
  const isOpen = license.leases.has(lease.leaseId);
  const lapsedAt = previous?.lapsedAt ?? lease.expiresAt;
  const isReplaced = license.leaseByHolder.has(lease.holderHash) && !isOpen;
  if (isReplaced || at >= plusSeconds(lapsedAt, license.facts.policy.lease.resurrectSeconds)) return noLease(license);
  let inUse = seatsInUse(license, at);
  // Borrows that have ended, this one too, free their seats without the worker.
  const freed = lapsedLeases(license, [], at).map((ended) => lapsed(ended.lease, ended.lastSeenAt, --inUse));
  const { leaseId, holderHash, product, userRef } = lease;
  const resurrected = acquired(license, { leaseId, holderHash, product, userRef, borrowSeconds: null }, inUse, at);
  return resurrected === null ? noSeat(license, inUse) : [...freed, resurrected];
};

/**
 * Gives a seat back; repeating it within 25 hours changes nothing. The seat of a borrowed lease stays taken until the
 * borrow ends, because the borrowed license works until then. A policy can reclaim it at once.
 */
const releaseLease = ({ data, at }: CommandOf<'ReleaseLease'>, license: IssuedLicense): LicenseDecision => {
  const { leaseId, by } = data;
  const foreign = refuseForeign(license, data);
  if (foreign !== null) return foreign;
  const lease = license.leases.get(leaseId);
  if (lease !== undefined) return isOf(lease, data) ? [releaseSeat(license, lease, by, at)] : noLease(license);
  const isRepetition =
    isRepeated(license.released, leaseId, at) ||
    recentlyLapsed(license, leaseId, at) !== undefined ||
    license.ended.some(({ leases }) => leases.has(leaseId));
  return isRepetition ? [] : noLease(license);
};

/**
 * Ends a lease without a heartbeat for its time to live, at the instant it lapsed. Changes nothing for an ended
 * lease.
 */
const lapseLease = ({ data, at }: CommandOf<'LapseLease'>, license: IssuedLicense): LicenseDecision => {
  const [lapsing] = lapsedLeases(license, [data], at).filter(({ lease }) => lease.leaseId === data.leaseId);
  return lapsing === undefined ? [] : [lapsed(lapsing.lease, lapsing.lastSeenAt, seatsInUse(license, at) - 1)];
};

/** Returns the release of the machine's lease, which ends with its activation. */
export const releaseOnDeactivation = (
  license: IssuedLicense,
  { fingerprintHash }: Activation,
  by: 'USER' | 'ADMIN',
  at: Instant,
): readonly LicenseEvent[] => {
  if (license.facts.policy.lease.scope !== 'MACHINE') return [];
  const lease = license.leases.get(license.leaseByHolder.get(fingerprintHash) ?? '');
  if (lease === undefined) return [];
  return [releaseSeat(license, lease, by === 'ADMIN' ? 'ADMIN' : 'DEACTIVATED', at)];
};

const refuseForeign = ({ facts }: IssuedLicense, { holderHash, byKey }: LeaseName & ByKey) =>
  holderHash === undefined ? refuseUnproven(facts, byKey, 'leaseHolder') : null;

// A seat outlives the product that it was first taken for, as long as the license has another one.
const coveredBy = ({ facts: { products } }: IssuedLicense, { product }: Lease): string | null =>
  products.length > 0 ? null : product;

const isOf = (lease: Lease, { holderHash = lease.holderHash }: LeaseName): boolean => lease.holderHash === holderHash;

type Acquisition = CommandOf<'AcquireLease'>['data'];

/**
 * Returns the acquisition of a seat; null when all are in use. `inUse`: how many are. A holder takes back the own
 * withheld seat as a borrowed one until the earlier borrow ends or later, because that borrow may still work.
 */
const acquired = (
  license: IssuedLicense,
  { leaseId, holderHash, otherHashes = [], product, userRef, borrowSeconds }: Omit<Acquisition, 'dead'>,
  inUse: number,
  at: Instant,
): LicenseEvent | null => {
  const { facts } = license;
  const { scope, ttlSeconds } = facts.policy.lease;
  const limit = facts.limits.seats;
  const own = ownWithheld(license, [holderHash, ...otherHashes], at);
  const others = own === null ? inUse : inUse - 1;
  if (others >= capacity(limit, facts.policy.overage)) return null;
  const end = borrowSeconds === null ? plusSeconds(at, ttlSeconds) : endOfBorrow(license, borrowSeconds, at);
  return {
    type: 'LeaseAcquired',
    data: {
      leaseId,
      scope,
      product,
      holderHash,
      userRef,
      ttlSeconds,
      expiresAt: own === null ? end : later(end, own.freeAt),
      borrow: borrowSeconds !== null || own !== null,
      inUseAfter: others + 1,
      limit,
      overage: isUsedUp(others, limit),
      ...(own === null ? {} : { takesBack: own.leaseId }),
    },
  };
};

/** Returns the release of a seat. A borrowed seat returns when the borrow ends, unless the policy reclaims it. */
export const releaseSeat = (license: IssuedLicense, lease: Lease, cause: ReleaseCause, at: Instant): LicenseEvent => {
  const { leaseId } = lease;
  const seatFreeAt = license.facts.policy.reclaimBorrowed === true ? null : borrowedUntil(lease, at);
  const inUseAfter = seatsInUse(license, at) - (seatFreeAt === null ? 1 : 0);
  return { type: 'LeaseReleased', data: { leaseId, cause, inUseAfter, seatFreeAt } };
};

// A borrowed lease must not outlive the use of the license.
const endOfBorrow = ({ facts }: Pick<IssuedLicense, 'facts'>, seconds: number, at: Instant): Instant => {
  const requestedEnd = plusSeconds(at, seconds);
  const until = usableUntil(facts);
  return until === null ? requestedEnd : earlier(requestedEnd, until);
};

const refuseBorrow = ({ facts }: IssuedLicense, seconds: number | null) => {
  const { borrowMaxSeconds } = facts.policy.lease;
  if (seconds === null || (Number.isSafeInteger(seconds) && seconds > 0 && seconds <= borrowMaxSeconds)) return null;
  return reject('LIMIT_INVALID', `A lease can be borrowed for 1 to ${borrowMaxSeconds} seconds, not for ${seconds}.`);
};

const noSeat = ({ facts }: IssuedLicense, inUse: number) =>
  reject(
    'SEAT_LIMIT_EXCEEDED',
    `License ${facts.licenseId} has ${inUse} of ${facts.limits.seats} seats in use. Try again when a seat is free, or ask the holder or the issuer to release one.`,
  );

const releasedLease = ({ facts }: IssuedLicense, leaseId: string) =>
  reject(
    'NOT_FOUND',
    `The lease ${leaseId} of license ${facts.licenseId} was released, by its holder or an administrator. Acquire a new one.`,
  );

const noLease = ({ facts }: IssuedLicense) =>
  reject('NOT_FOUND', `License ${facts.licenseId} has no such lease, or it has ended; acquire a new one.`);
