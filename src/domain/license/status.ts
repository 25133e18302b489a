import { type Instant, plusSeconds } from '../time.ts';
import type { LicenseFacts, Suspension } from './license.ts';
import type { RenewalMode } from './term/term-events.ts';

/** Lists the simple statuses of a license. */
export const statuses = ['ACTIVE', 'EXPIRED', 'SUSPENDED', 'REVOKED'] as const;
export type Status = (typeof statuses)[number];

/** Lists the effective statuses, which also distinguish grace and a license that has not started. */
export const effectiveStatuses = [...statuses, 'IN_GRACE', 'NOT_YET_VALID'] as const;
export type EffectiveStatus = (typeof effectiveStatuses)[number];

/**
 * Returns the status at `at`: the first of REVOKED, SUSPENDED, EXPIRED, IN_GRACE, NOT_YET_VALID, ACTIVE that applies.
 * It does not matter whether an expiry was announced.
 */
export const effectiveStatus = (facts: LicenseFacts, at: Instant): EffectiveStatus => {
  if (facts.revokedAt !== null) return 'REVOKED';
  if (isSuspended(facts, at)) return 'SUSPENDED';
  if (isExpired(facts, at)) return 'EXPIRED';
  if (isInGrace(facts, at)) return 'IN_GRACE';
  if (isNotYetValid(facts, at)) return 'NOT_YET_VALID';
  return 'ACTIVE';
};

/** Returns the simple status: a license in its grace, or before its start, is ACTIVE. */
export const simpleStatus = (status: EffectiveStatus): Status =>
  status === 'IN_GRACE' || status === 'NOT_YET_VALID' ? 'ACTIVE' : status;

/** Returns the simple status at `at`. */
export const status = (facts: LicenseFacts, at: Instant): Status => simpleStatus(effectiveStatus(facts, at));

/**
 * Returns the suspension at `at`, or null. A suspension starts when it is recorded, or at the announced instant. It
 * ends when the license is reinstated, or at its own end (exclusive). With several reasons, `reasonCode` and `until`
 * are those of the longest one. `since` is the instant since when the license is suspended without a gap.
 */
export const suspensionAt = ({ suspension, scheduled }: LicenseFacts, at: Instant): Suspension | null => {
  const current = suspension !== null && isInForce(suspension, at) ? suspension : null;
  const begun = begunSuspensions(scheduled, at);
  const all = suspension === null ? begun : [suspension, ...begun];
  const longest = begun.filter((other) => isInForce(other, at)).reduce(longer, current);
  return longest === null ? null : { ...longest, since: unbrokenSince(all, longest.since) };
};

/**
 * Returns every reason for which the license is suspended at `at`, the earliest first: the recorded ones, and the announced
 * ones that have begun. Each has its own start and end. For a reason that is recorded and announced these are the
 * earlier start and the later end.
 */
export const suspensionsAt = ({ suspendedFor, scheduled }: LicenseFacts, at: Instant): readonly Suspension[] => {
  const byReason = new Map<string, Suspension>();
  for (const suspension of [...suspendedFor, ...begunSuspensions(scheduled, at)])
    if (isInForce(suspension, at)) {
      const same = byReason.get(suspension.reasonCode) ?? suspension;
      const since = same.since < suspension.since ? same.since : suspension.since;
      byReason.set(suspension.reasonCode, { ...longer(same, suspension), since });
    }
  return [...byReason.values()].toSorted((one, other) => (one.since < other.since ? -1 : 1));
};

/** Returns true while the license is suspended. */
export const isSuspended = (facts: LicenseFacts, at: Instant): boolean => suspensionAt(facts, at) !== null;

/** Returns what the issuer intends, at `at`, for the end of the term. */
export const renewalAt = ({ renewal, scheduled }: LicenseFacts, at: Instant): RenewalMode => {
  let [mode, since] = [renewal, ''];
  for (const { effectiveAt, change } of scheduled)
    if (change.kind === 'RENEWAL' && effectiveAt <= at && effectiveAt >= since)
      [mode, since] = [change.to, effectiveAt];
  return mode;
};

/** Returns true from the end of the term and its grace on. */
export const isExpired = (facts: LicenseFacts, at: Instant): boolean => {
  const accessEndsAt = graceUntil(facts) ?? facts.term.expiresAt;
  return accessEndsAt !== null && at >= accessEndsAt;
};

/**
 * Returns the instant (exclusive) until which a license may be used: the end of its grace, else of its term. Returns
 * null when its use goes on: it does not expire, or its policy says MAINTAIN or ALLOW.
 */
export const usableUntil = (facts: LicenseFacts): Instant | null =>
  facts.policy.expiryStrategy === 'RESTRICT' ? (graceUntil(facts) ?? facts.term.expiresAt) : null;

/** Returns true when a license has expired and may no longer be used. */
export const isUseOver = (facts: LicenseFacts, at: Instant): boolean => {
  const until = usableUntil(facts);
  return until !== null && at >= until;
};

/** Returns true in `[expiresAt, graceUntil)`. */
export const isInGrace = (facts: LicenseFacts, at: Instant): boolean =>
  facts.term.expiresAt !== null && at >= facts.term.expiresAt && !isExpired(facts, at);

/** Returns true before the term starts, or while it waits for its first activation or validation. */
export const isNotYetValid = ({ term }: LicenseFacts, at: Instant): boolean =>
  term.startsAt === null || at < term.startsAt;

/** Returns the end (exclusive) of the grace; null when the policy grants none or the license does not expire. */
export const graceUntil = ({ term, policy }: LicenseFacts): Instant | null =>
  term.expiresAt === null || policy.expiryGraceSeconds === 0
    ? null
    : plusSeconds(term.expiresAt, policy.expiryGraceSeconds);

const begunSuspensions = (scheduled: LicenseFacts['scheduled'], at: Instant): readonly Suspension[] =>
  scheduled.flatMap(({ effectiveAt, change }) =>
    change.kind === 'SUSPENSION' && effectiveAt <= at
      ? [{ reasonCode: change.reasonCode, since: effectiveAt, until: change.until }]
      : [],
  );

// A recorded suspension is also in force for a server with a slower clock than the one that recorded it.
const isInForce = ({ until }: Suspension, at: Instant): boolean => until === null || at < until;

const longer = (current: Suspension | null, other: Suspension): Suspension => {
  if (current === null) return other;
  const outlasts = current.until !== null && (other.until === null || other.until > current.until);
  return outlasts ? other : current;
};

// Suspensions that overlap or adjoin are one to the customer.
const unbrokenSince = (suspensions: readonly Suspension[], since: Instant): Instant => {
  const previous = suspensions.find((other) => other.since < since && isInForceUntil(other, since));
  return previous === undefined ? since : unbrokenSince(suspensions, previous.since);
};

const isInForceUntil = ({ until }: Suspension, end: Instant): boolean => until === null || until >= end;
