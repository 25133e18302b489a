import { reject } from '../../decider.ts';
import { earlier, type Instant, plusSeconds } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { LicenseEvent } from '../events.ts';
import { isRepeated, lapsedLease } from '../forget.ts';
import type { Activation, IssuedLicense, Lease } from '../license.ts';
import { graceUntil } from '../status.ts';
import { refuseUse, refuseUser } from '../usage/usage-guard.ts';
import { capacity } from '../usage/usage-limits.ts';
import { seatsInUse } from './seats-in-use.ts';

/**
 * Takes a seat of the pool for a machine, an instance or a user, as the policy counts them, while the limit and its overage
 * have room. A holder that has a seat keeps it. Seats of leases that are over are freed first, each by an event.
 */
export const acquireLease = ({ data, at }: CommandOf<'AcquireLease'>, license: IssuedLicense): LicenseDecision => {
  const { facts, leases, leaseByHolder } = license;
  const { leaseId, holderHash, product, userRef, borrowSeconds } = data;
  const refusal = refuseUse(facts, product, at) ?? refuseUser(license, userRef);
  if (refusal !== null) return refusal;
  const over = leasesOver(license, data.dead, at);
  const held = leases.get(leaseByHolder.get(holderHash) ?? '');
  if (held !== undefined && !over.some(({ lease }) => lease === held)) return [];
  const wrongBorrow = borrowFault(license, borrowSeconds);
  if (wrongBorrow !== null) return wrongBorrow;

  let inUse = seatsInUse(license, at);
  const freed = over.map(({ lease, lastSeenAt }) => lapsed(lease, lastSeenAt, --inUse));
  const taken = acquired(license, { leaseId, holderHash, product, userRef }, borrowSeconds, inUse, at);
  return taken === null ? noSeat(license, inUse) : [...freed, taken];
};

/**
 * A heartbeat, which is no event: it is refused where the license may not be used. A lease that lapsed comes back within the
 * resurrection window, if a seat is free. With `borrowSeconds` a borrowed lease ends so much later than now.
 */
export const renewLease = ({ data, at }: CommandOf<'RenewLease'>, license: IssuedLicense): LicenseDecision => {
  const { facts, leases } = license;
  const { leaseId, borrowSeconds } = data;
  const gone = lapsedLease(license, leaseId, at);
  const lease = leases.get(leaseId) ?? gone?.lease;
  if (lease === undefined) return noLease(license);
  const refusal = refuseUse(facts, lease.product, at) ?? refuseUser(license, lease.userRef);
  if (refusal !== null) return refusal;
  if (leases.has(leaseId) && (!lease.borrow || at < lease.expiresAt)) {
    if (!lease.borrow || borrowSeconds === null) return [];
    const expiresAt = endOfBorrow(license, borrowSeconds, at);
    if (expiresAt <= lease.expiresAt) return [];
    return borrowFault(license, borrowSeconds) ?? [{ type: 'LeaseExtended', data: { leaseId, expiresAt } }];
  }

  const lapsedAt = gone?.lapsedAt ?? lease.expiresAt;
  const isReplaced = license.leaseByHolder.has(lease.holderHash) && !leases.has(leaseId);
  if (isReplaced || at >= plusSeconds(lapsedAt, facts.policy.lease.resurrectSeconds)) return noLease(license);
  const over = leases.has(leaseId) ? [lapsed(lease, lease.expiresAt, seatsInUse(license, at) - 1)] : [];
  const inUse = seatsInUse(license, at) - over.length;
  const back = acquired(license, lease, null, inUse, at);
  return back === null ? noSeat(license, inUse) : [...over, back];
};

/**
 * Gives a seat back; again within 25 hours, it changes nothing. The seat of a borrowed lease that the vendor takes back
 * stays taken until the borrow ends, because the borrowed license works until then; unless the policy reclaims it at
 * once.
 */
export const releaseLease = ({ data, at }: CommandOf<'ReleaseLease'>, license: IssuedLicense): LicenseDecision => {
  const { leaseId, by } = data;
  const lease = license.leases.get(leaseId);
  if (lease !== undefined) return [released(license, lease, by, by, at)];
  const isKnown =
    isRepeated(license.released, leaseId, at) ||
    lapsedLease(license, leaseId, at) !== undefined ||
    license.ended.some((ended) => ended.leases.has(leaseId));
  return isKnown ? [] : noLease(license);
};

/** Ends a lease that was not heard of for its time to live, at the instant it ended. A lease that was is left as it is. */
export const lapseLease = ({ data, at }: CommandOf<'LapseLease'>, license: IssuedLicense): LicenseDecision => {
  const [over] = leasesOver(license, [data], at).filter(({ lease }) => lease.leaseId === data.leaseId);
  return over === undefined ? [] : [lapsed(over.lease, over.lastSeenAt, seatsInUse(license, at) - 1)];
};

/** The machine's lease goes with its activation. */
export const releaseOnDeactivation = (
  license: IssuedLicense,
  { fingerprintHash }: Activation,
  by: 'USER' | 'ADMIN',
  at: Instant,
): readonly LicenseEvent[] => {
  if (license.facts.policy.lease.scope !== 'MACHINE') return [];
  const lease = license.leases.get(license.leaseByHolder.get(fingerprintHash) ?? '');
  return lease === undefined ? [] : [released(license, lease, by, by === 'ADMIN' ? 'ADMIN' : 'DEACTIVATED', at)];
};

type Holder = Pick<Lease, 'leaseId' | 'holderHash' | 'product' | 'userRef'>;
type Over = { readonly lease: Lease; readonly lastSeenAt: Instant };

// Borrowed leases end by the clock; the others when nothing was heard of them, which the stream cannot know by itself.
const leasesOver = (
  { leases, borrowed }: IssuedLicense,
  seen: CommandOf<'AcquireLease'>['data']['dead'],
  at: Instant,
): readonly Over[] => {
  if (borrowed.size + seen.length === 0) return [];
  const over = new Map<string, Over>();
  for (const lease of borrowed.values())
    if (at >= lease.expiresAt) over.set(lease.leaseId, { lease, lastSeenAt: lease.expiresAt });
  for (const { leaseId, lastSeenAt } of seen) {
    const lease = leases.get(leaseId);
    if (lease !== undefined && !lease.borrow && at >= lapseOf(lease, lastSeenAt))
      over.set(leaseId, { lease, lastSeenAt });
  }
  return [...over.values()];
};

// A lease is alive for its time to live from its acquisition, whatever was heard.
const lapseOf = (lease: Lease, lastSeenAt: Instant): Instant => {
  const heardUntil = plusSeconds(lastSeenAt, lease.ttlSeconds);
  return heardUntil < lease.expiresAt ? lease.expiresAt : heardUntil;
};

const acquired = (
  { facts }: IssuedLicense,
  { leaseId, holderHash, product, userRef }: Holder,
  borrowSeconds: number | null,
  inUse: number,
  at: Instant,
): LicenseEvent | null => {
  const { scope, ttlSeconds } = facts.policy.lease;
  const limit = facts.limits.seats;
  if (inUse >= capacity(limit, facts.policy.overage)) return null;
  const borrow = borrowSeconds !== null;
  const expiresAt = borrow ? endOfBorrow({ facts }, borrowSeconds, at) : plusSeconds(at, ttlSeconds);
  return {
    type: 'LeaseAcquired',
    data: {
      leaseId,
      scope,
      product,
      holderHash,
      userRef,
      ttlSeconds,
      expiresAt,
      borrow,
      inUseAfter: inUse + 1,
      limit,
      overage: inUse >= limit,
    },
  };
};

const released = (
  license: IssuedLicense,
  { leaseId, borrow, expiresAt }: Lease,
  by: 'USER' | 'ADMIN',
  cause: 'USER' | 'ADMIN' | 'DEACTIVATED',
  at: Instant,
): LicenseEvent => {
  const { reclaimBorrowed = false } = license.facts.policy;
  const stays = borrow && by === 'ADMIN' && !reclaimBorrowed && expiresAt > at;
  const inUseAfter = seatsInUse(license, at) - (stays ? 0 : 1);
  return { type: 'LeaseReleased', data: { leaseId, cause, inUseAfter, seatFreeAt: stays ? expiresAt : null } };
};

const lapsed = (lease: Lease, lastSeenAt: Instant, inUseAfter: number): LicenseEvent => ({
  type: 'LeaseLapsed',
  data: { leaseId: lease.leaseId, lastSeenAt, inUseAfter },
  effectiveAt: lease.borrow ? lease.expiresAt : lapseOf(lease, lastSeenAt),
});

// A borrowed license must not outlive the license.
const endOfBorrow = ({ facts }: Pick<IssuedLicense, 'facts'>, seconds: number, at: Instant): Instant => {
  const wanted = plusSeconds(at, seconds);
  const accessEndsAt = graceUntil(facts) ?? facts.term.expiresAt;
  return accessEndsAt === null ? wanted : earlier(wanted, accessEndsAt);
};

const borrowFault = ({ facts }: IssuedLicense, seconds: number | null) => {
  const { borrowMaxSeconds } = facts.policy.lease;
  if (seconds === null || (Number.isSafeInteger(seconds) && seconds > 0 && seconds <= borrowMaxSeconds)) return null;
  return reject('LIMIT_INVALID', `A lease can be borrowed for 1 to ${borrowMaxSeconds} seconds, not for ${seconds}.`);
};

const noSeat = ({ facts }: IssuedLicense, inUse: number) =>
  reject('SEAT_LIMIT_EXCEEDED', `License ${facts.licenseId} has ${inUse} of ${facts.limits.seats} seats in use.`);

const noLease = ({ facts }: IssuedLicense) =>
  reject('NOT_FOUND', `License ${facts.licenseId} has no such lease, or no longer; acquire one.`);
