import { type Instant, plusSeconds } from '../time.ts';
import type { LicenseFacts } from './license.ts';

/** The one word that is shown for a license. */
export type Status = 'ACTIVE' | 'EXPIRED' | 'SUSPENDED' | 'REVOKED';

/** The status in full: what a license is at an instant. */
export type EffectiveStatus = Status | 'IN_GRACE' | 'NOT_YET_VALID';

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

/** True while a suspension holds: from its recording until it is reinstated or its own end comes, which is exclusive. */
export const isSuspended = ({ suspension }: LicenseFacts, at: Instant): boolean =>
  suspension !== null && (suspension.until === null || at < suspension.until);

/** True from the end of the term and its grace on. */
export const isExpired = (facts: LicenseFacts, at: Instant): boolean => {
  const accessEndsAt = graceUntil(facts) ?? facts.term.expiresAt;
  return accessEndsAt !== null && at >= accessEndsAt;
};

/** True in `[expiresAt, graceUntil)`. */
export const isInGrace = (facts: LicenseFacts, at: Instant): boolean =>
  facts.term.expiresAt !== null && at >= facts.term.expiresAt && !isExpired(facts, at);

/** True before the first term of the current run starts. */
export const isNotYetValid = ({ term }: LicenseFacts, at: Instant): boolean => at < term.startsAt;

/** The end (exclusive) of access after expiry; null when the policy grants no grace or the license does not expire. */
export const graceUntil = ({ term, policy }: LicenseFacts): Instant | null =>
  term.expiresAt === null || policy.expiryGraceSeconds === 0
    ? null
    : plusSeconds(term.expiresAt, policy.expiryGraceSeconds);
