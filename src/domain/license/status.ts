import { earlier, type Instant, plusSeconds } from '../time.ts';
import type { LicenseFacts, Suspension } from './license.ts';
import type { RenewalMode } from './term/term-events.ts';

/** Lists the words that are shown for a license. */
export const statuses = ['ACTIVE', 'EXPIRED', 'SUSPENDED', 'REVOKED'] as const;
export type Status = (typeof statuses)[number];

/** Lists the statuses in full: what a license is at an instant. */
export const effectiveStatuses = [...statuses, 'IN_GRACE', 'NOT_YET_VALID'] as const;
export type EffectiveStatus = (typeof effectiveStatuses)[number];

/**
 * What the license is at `at`: the first of REVOKED, SUSPENDED, EXPIRED, IN_GRACE, NOT_YET_VALID, ACTIVE that holds. The
 * only place where the clock meets the state; whether an expiry was announced plays no part.
 */
export const effectiveStatus = (facts: LicenseFacts, at: Instant): EffectiveStatus => {
  if (facts.revokedAt !== null) return 'REVOKED';
  if (isSuspended(facts, at)) return 'SUSPENDED';
  if (isExpired(facts, at)) return 'EXPIRED';
  if (isInGrace(facts, at)) return 'IN_GRACE';
  if (isNotYetValid(facts, at)) return 'NOT_YET_VALID';
  return 'ACTIVE';
};

/** The simple status: in its grace, or before its start, a license is ACTIVE. */
export const simpleStatus = (status: EffectiveStatus): Status =>
  status === 'IN_GRACE' || status === 'NOT_YET_VALID' ? 'ACTIVE' : status;

/** `simpleStatus` of `effectiveStatus`. */
export const status = (facts: LicenseFacts, at: Instant): Status => simpleStatus(effectiveStatus(facts, at));

/**
 * The suspension that holds at `at`, null for none: from its recording, or the instant it was announced for, until it is
 * reinstated or its own end comes, which is exclusive. Of several grounds the one that holds longest, since the first began.
 */
export const suspensionAt = ({ suspension, scheduled }: LicenseFacts, at: Instant): Suspension | null => {
  let held = suspension !== null && holds(suspension, at) ? suspension : null;
  for (const { effectiveAt, change } of scheduled) {
    if (change.kind !== 'SUSPENSION') continue;
    const { reasonCode, until } = change;
    const later: Suspension = { reasonCode, since: effectiveAt, until };
    if (effectiveAt <= at && holds(later, at)) held = held === null ? later : together(held, later);
  }
  return held;
};

/** True while a suspension holds. */
export const isSuspended = (facts: LicenseFacts, at: Instant): boolean => suspensionAt(facts, at) !== null;

/** What happens at the end of the term, as it holds at `at`. */
export const renewalAt = ({ renewal, scheduled }: LicenseFacts, at: Instant): RenewalMode => {
  let [mode, since] = [renewal, ''];
  for (const { effectiveAt, change } of scheduled)
    if (change.kind === 'RENEWAL' && effectiveAt <= at && effectiveAt >= since)
      [mode, since] = [change.to, effectiveAt];
  return mode;
};

/** True from the end of the term and its grace on. */
export const isExpired = (facts: LicenseFacts, at: Instant): boolean => {
  const accessEndsAt = graceUntil(facts) ?? facts.term.expiresAt;
  return accessEndsAt !== null && at >= accessEndsAt;
};

/** True in `[expiresAt, graceUntil)`. */
export const isInGrace = (facts: LicenseFacts, at: Instant): boolean =>
  facts.term.expiresAt !== null && at >= facts.term.expiresAt && !isExpired(facts, at);

/** True before the first term of the current run starts, or while it waits for its first activation or validation. */
export const isNotYetValid = ({ term }: LicenseFacts, at: Instant): boolean =>
  term.startsAt === null || at < term.startsAt;

/** The end (exclusive) of access after expiry; null when the policy grants no grace or the license does not expire. */
export const graceUntil = ({ term, policy }: LicenseFacts): Instant | null =>
  term.expiresAt === null || policy.expiryGraceSeconds === 0
    ? null
    : plusSeconds(term.expiresAt, policy.expiryGraceSeconds);

// What was recorded holds, also for a server whose clock is behind that of the one that recorded it.
const holds = ({ until }: Suspension, at: Instant): boolean => until === null || at < until;

const together = (held: Suspension, other: Suspension): Suspension => {
  const outlasts = held.until !== null && (other.until === null || other.until > held.until);
  return { ...(outlasts ? other : held), since: earlier(held.since, other.since) };
};
