import { earlier, type Instant, later, plusSeconds, secondsBetween } from '../../time.ts';
import { lapseKnownUntil } from '../forget.ts';
import { effectiveEntitlements } from '../grants/effective-entitlements.ts';
import { isKeyRotated } from '../keys/key-rotation.ts';
import type { LicenseFacts } from '../license.ts';
import { seatsWithHolder } from '../seats/withheld-seats.ts';
import {
  type EffectiveStatus,
  effectiveStatus,
  graceUntil,
  isExpired,
  isInGrace,
  isNotYetValid,
  isSuspended,
  isUseOver,
  type Status,
  simpleStatus,
} from '../status.ts';
import { usageAt } from '../usage/term-counters.ts';
import { capacity, keptCapacity } from '../usage/usage-limits.ts';
import { isVersionEntitled } from './app-versions.ts';
import { checkInDueAt, nextChangeAt } from './next-change.ts';
import type { ValidationScope, ValidationView } from './validation-view.ts';

/** Why a license is not valid, or valid with a remark; `VALID` when there is nothing to remark. */
export type ValidationCode = (typeof validationCodes)[number];

/** Lists every code, the most important first. */
export const validationCodes = [
  'NOT_FOUND',
  'TENANT_SUSPENDED',
  'REVOKED',
  'SUSPENDED',
  'KEY_ROTATED',
  'NOT_YET_VALID',
  'EXPIRED',
  'CHECK_IN_OVERDUE',
  'ENVIRONMENT_SCOPE_REQUIRED',
  'ENVIRONMENT_MISMATCH',
  'PRODUCT_SCOPE_REQUIRED',
  'PRODUCT_NOT_LICENSED',
  'VERSION_SCOPE_REQUIRED',
  'VERSION_NOT_ENTITLED',
  'USER_SCOPE_REQUIRED',
  'USER_NOT_ASSIGNED',
  'ENTITLEMENT_MISSING',
  'FINGERPRINT_REQUIRED',
  'NOT_ACTIVATED',
  'FINGERPRINT_MISMATCH',
  'COMPONENTS_REQUIRED',
  'COMPONENTS_MISMATCH',
  'NO_LEASE',
  'LEASE_EXPIRED',
  'TOO_MANY_ACTIVATIONS',
  'TOO_MANY_LEASES',
  'TOO_MANY_USERS',
  'QUOTA_EXCEEDED',
  'VALID_IN_GRACE',
  'VALID_OVERAGE',
  'VALID',
] as const;

/** The result of a validation, also for a license that does not exist, and for a key that no longer works. */
export type Validation = {
  readonly valid: boolean;
  /** The first reason that makes the license invalid, else the first remark, else VALID. */
  readonly code: ValidationCode;
  /** Every reason and remark, in the order of the codes; empty when the code is VALID. */
  readonly reasons: readonly ValidationCode[];
  readonly status: Status | null;
  readonly effectiveStatus: EffectiveStatus | null;
  readonly expiresAt: Instant | null;
  readonly graceUntil: Instant | null;
  /** How long the client may cache the result: not past the next instant at which the clock changes it; 0 when invalid. */
  readonly ttlSeconds: number;
  /**
   * Until when the client may run without the server: not past that instant either, and until the end of a borrow; null
   * when invalid.
   */
  readonly offlineGraceUntil: Instant | null;
  /** The requested entitlements that the license does not grant, and the requested meters at their limit. */
  readonly missingEntitlements: readonly string[];
  readonly exceededMeters: readonly string[];
};

/**
 * Validates a license (null: unknown key) at `at` for the scope. Checks only what the scope names or the policy
 * requires. A folded stream and a row give the same view, and so the same result. A key that no longer works learns
 * this alone: it may be that of a former holder.
 */
export const validate = (view: ValidationView | null, scope: ValidationScope, at: Instant): Validation => {
  if (view === null) return unknownLicense;

  const { facts } = view;
  if (isKeyRotated(facts, scope.keyVersion ?? null, at)) return rotatedKey;
  const missingEntitlements = missingOf(facts, scope, at);
  const exceededMeters = exceededOf(facts, scope, at);
  const blocking = blockingReasons(view, scope, at);
  if (missingEntitlements.length > 0) blocking.add('ENTITLEMENT_MISSING');
  if (exceededMeters.length > 0) blocking.add('QUOTA_EXCEEDED');
  const remarks = remarksOf(facts, blocking, at);
  const reasons = validationCodes.filter((code) => blocking.has(code) || remarks.includes(code));
  const valid = blocking.size === 0;
  const effective = effectiveStatus(facts, at);
  const nextChange = valid ? nextChangeAt(view, scope, at) : null;
  return {
    valid,
    code: reasons.find((code) => valid || blocking.has(code)) ?? 'VALID',
    reasons,
    status: simpleStatus(effective),
    effectiveStatus: effective,
    expiresAt: facts.term.expiresAt,
    graceUntil: graceUntil(facts),
    ttlSeconds: valid ? ttlSeconds(facts, nextChange, at) : 0,
    offlineGraceUntil: valid ? offlineGraceUntil(view, nextChange, at) : null,
    missingEntitlements,
    exceededMeters,
  };
};

const nothingKnown = (code: ValidationCode): Validation => ({
  valid: false,
  code,
  reasons: [code],
  status: null,
  effectiveStatus: null,
  expiresAt: null,
  graceUntil: null,
  ttlSeconds: 0,
  offlineGraceUntil: null,
  missingEntitlements: [],
  exceededMeters: [],
});

const unknownLicense = nothingKnown('NOT_FOUND');
const rotatedKey = nothingKnown('KEY_ROTATED');

const blockingReasons = (view: ValidationView, scope: ValidationScope, at: Instant): Set<ValidationCode> => {
  const { facts } = view;
  const reasons = new Set<ValidationCode>();
  if (view.tenantSuspended) reasons.add('TENANT_SUSPENDED');
  if (facts.revokedAt !== null) reasons.add('REVOKED');
  if (isSuspended(facts, at)) reasons.add('SUSPENDED');
  if (isNotYetValid(facts, at)) reasons.add(waitsForDevice(facts) ? 'NOT_ACTIVATED' : 'NOT_YET_VALID');
  if (isUseOver(facts, at)) reasons.add('EXPIRED');
  if (isCheckInOverdue(view, at)) reasons.add('CHECK_IN_OVERDUE');
  addScopeReasons(reasons, view, scope);
  addDeviceReasons(reasons, view, scope, at);
  if (isOverUsed(facts, facts.usage.activations, facts.limits.activations)) reasons.add('TOO_MANY_ACTIVATIONS');
  if (isOverUsed(facts, seatsWithHolder(facts), facts.limits.seats)) reasons.add('TOO_MANY_LEASES');
  if (isOverUsed(facts, facts.usage.users, facts.limits.users)) reasons.add('TOO_MANY_USERS');
  return reasons;
};

// A client activates at NOT_ACTIVATED, which begins the term; at NOT_YET_VALID it gives up.
const waitsForDevice = ({ awaited }: LicenseFacts): boolean => awaited?.trigger === 'FIRST_ACTIVATION';

const addScopeReasons = (
  reasons: Set<ValidationCode>,
  { facts, userAssigned, activation, lease }: ValidationView,
  { product, version, user, environment }: ValidationScope,
): void => {
  const { policy } = facts;
  const isNamed = environment !== undefined && environment !== null;
  if (!isNamed && policy.environmentRequired === true) reasons.add('ENVIRONMENT_SCOPE_REQUIRED');
  if (isNamed && policy.environment !== undefined && policy.environment !== environment)
    reasons.add('ENVIRONMENT_MISMATCH');
  if (activation?.isOfEnvironment === false) reasons.add('ENVIRONMENT_MISMATCH');
  if (product === null && policy.productRequired) reasons.add('PRODUCT_SCOPE_REQUIRED');
  if (product !== null && !facts.products.includes(product)) reasons.add('PRODUCT_NOT_LICENSED');
  const isVersionNamed = version !== undefined && version !== null;
  const isReleaseNamed = isVersionNamed && version.releasedAt !== null;
  if (!isVersionNamed && policy.versionRequired === true) reasons.add('VERSION_SCOPE_REQUIRED');
  if (!isReleaseNamed && policy.releasedAtRequired === true) reasons.add('VERSION_SCOPE_REQUIRED');
  if (isVersionNamed && !isVersionEntitled(facts, version)) reasons.add('VERSION_NOT_ENTITLED');
  const isUserNamed = user !== undefined && user !== null;
  if (!isUserNamed && policy.userRequired === true) reasons.add('USER_SCOPE_REQUIRED');
  if (isUserNamed && !userAssigned) reasons.add('USER_NOT_ASSIGNED');
  if (activation?.isOfUser === false || lease?.isOfUser === false) reasons.add('USER_NOT_ASSIGNED');
};

const addDeviceReasons = (
  reasons: Set<ValidationCode>,
  { facts, activation, lease }: ValidationView,
  { fingerprint, activationId = null, lease: holder = null }: ValidationScope,
  at: Instant,
): void => {
  const { policy } = facts;
  if (fingerprint === null && activationId === null && policy.fingerprintRequired) reasons.add('FINGERPRINT_REQUIRED');
  if ((fingerprint !== null || activationId !== null) && activation === null) reasons.add('NOT_ACTIVATED');
  if (activationId !== null && fingerprint !== null && activation !== null && !activation.isOfFingerprint)
    reasons.add('FINGERPRINT_MISMATCH');
  if (activation?.componentProblem) reasons.add(activation.componentProblem);
  const known = lease !== null && isLeaseKnown(lease, policy, at) ? lease : null;
  if (holder === null ? policy.leaseRequired === true : known === null) reasons.add('NO_LEASE');
  if (holder !== null && known !== null && at >= known.aliveUntil) reasons.add('LEASE_EXPIRED');
};

// A stream forgets lapsed leases and rows do not. So the answer depends on the clock alone.
const isLeaseKnown = (
  { aliveUntil }: NonNullable<ValidationView['lease']>,
  { lease: { resurrectSeconds } }: LicenseFacts['policy'],
  at: Instant,
): boolean => at < lapseKnownUntil(aliveUntil, resurrectSeconds, aliveUntil);

const isCheckInOverdue = (view: ValidationView, at: Instant): boolean => {
  const dueAt = checkInDueAt(view);
  return dueAt !== null && at >= dueAt;
};

// Usage above a lowered limit stays valid, unless the policy refuses it or ends it. What was let in before stays anyway.
const isOverUsed = ({ policy, overuseStays }: LicenseFacts, used: number, limit: number): boolean =>
  used > limit && !overuseStays && policy.limitStrategy !== 'ALLOW_OVER' && used > keptCapacity(limit, policy.overage);

const missingOf = (facts: LicenseFacts, scope: ValidationScope, at: Instant): readonly string[] => {
  if (scope.entitlements === undefined) return [];
  const granted = new Set(effectiveEntitlements(facts, at).map(({ code }) => code));
  return scope.entitlements.filter((code) => !granted.has(code));
};

const exceededOf = (facts: LicenseFacts, scope: ValidationScope, at: Instant): readonly string[] =>
  (scope.meters ?? []).filter((meter) => {
    const { limits, policy } = facts;
    const limit = Object.hasOwn(limits.meters, meter) ? (limits.meters[meter] ?? 0) : 0;
    return (usageAt(facts, at).meters[meter] ?? 0) >= capacity(limit, policy.overage);
  });

const remarksOf = (facts: LicenseFacts, blocking: ReadonlySet<ValidationCode>, at: Instant): ValidationCode[] => {
  const remarks: ValidationCode[] = [];
  if (isExpired(facts, at) && !blocking.has('EXPIRED')) remarks.push('EXPIRED');
  // The codes below say that the license is valid.
  if (blocking.size > 0) return remarks;
  if (isInGrace(facts, at)) remarks.push('VALID_IN_GRACE');
  if (isOverLimit(facts, at)) remarks.push('VALID_OVERAGE');
  return remarks;
};

const isOverLimit = (facts: LicenseFacts, at: Instant): boolean => {
  const { limits } = facts;
  const usage = usageAt(facts, at);
  if (usage.activations > limits.activations || usage.seats > limits.seats || usage.users > limits.users) return true;
  for (const [meter, used] of Object.entries(usage.meters)) if (used > (limits.meters[meter] ?? 0)) return true;
  return false;
};

const ttlSeconds = ({ policy }: LicenseFacts, nextChange: Instant | null, at: Instant): number => {
  const { validationTtlSeconds, checkInSeconds } = policy;
  // A client that validates again after this time still checks in on time.
  const untilCheckIn = checkInSeconds === undefined ? validationTtlSeconds : Math.floor(checkInSeconds / 2);
  const untilChange = nextChange === null ? validationTtlSeconds : secondsBetween(at, nextChange);
  return Math.min(validationTtlSeconds, untilCheckIn, untilChange);
};

// A borrowed seat works without the server until the borrow ends.
const offlineGraceUntil = ({ facts, lease }: ValidationView, nextChange: Instant | null, at: Instant): Instant => {
  const graceEndsAt = plusSeconds(at, facts.policy.offlineGraceSeconds);
  const until = lease?.isBorrowed === true ? later(graceEndsAt, lease.aliveUntil) : graceEndsAt;
  return nextChange === null ? until : earlier(until, nextChange);
};
