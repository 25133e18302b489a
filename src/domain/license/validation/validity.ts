import { earlier, type Instant, plusSeconds, secondsBetween } from '../../time.ts';
import { grantedAt } from '../grants/granted-entitlements.ts';
import type { LicenseFacts } from '../license.ts';
import {
  type EffectiveStatus,
  effectiveStatus,
  graceUntil,
  isExpired,
  isInGrace,
  isNotYetValid,
  isSuspended,
  type Status,
  simpleStatus,
} from '../status.ts';
import { capacity } from '../usage/usage-limits.ts';
import { isVersionEntitled } from './app-versions.ts';
import type { ValidationScope, ValidationView } from './validation-view.ts';

/** Why a license is not valid, or valid with a remark, most important first; `VALID` when there is nothing to say. */
export type ValidationCode = (typeof validationCodes)[number];

/** Every code, in the order of its importance. */
export const validationCodes = [
  ...(['NOT_FOUND', 'TENANT_SUSPENDED', 'REVOKED', 'SUSPENDED', 'KEY_ROTATED', 'NOT_YET_VALID', 'EXPIRED'] as const),
  ...(['CHECK_IN_OVERDUE', 'ENVIRONMENT_MISMATCH', 'PRODUCT_SCOPE_REQUIRED', 'PRODUCT_NOT_LICENSED'] as const),
  ...(['VERSION_NOT_ENTITLED', 'USER_SCOPE_REQUIRED', 'USER_NOT_ASSIGNED', 'ENTITLEMENT_MISSING'] as const),
  ...(['FINGERPRINT_REQUIRED', 'NOT_ACTIVATED', 'FINGERPRINT_MISMATCH', 'NO_LEASE', 'LEASE_EXPIRED'] as const),
  ...(['TOO_MANY_ACTIVATIONS', 'TOO_MANY_LEASES', 'TOO_MANY_USERS', 'QUOTA_EXCEEDED'] as const),
  ...(['VALID_IN_GRACE', 'VALID_OVERAGE', 'VALID'] as const),
] as const;

/** The answer to a validation, for a license that exists or not. */
export type Validation = {
  readonly valid: boolean;
  /** The first reason that makes the license invalid, else the first remark, else VALID. */
  readonly code: ValidationCode;
  /** All that applies, in the order of the codes; empty when the code is VALID. */
  readonly reasons: readonly ValidationCode[];
  readonly status: Status | null;
  readonly effectiveStatus: EffectiveStatus | null;
  readonly expiresAt: Instant | null;
  readonly graceUntil: Instant | null;
  /** How long the answer may be cached: never past the instant at which the clock changes it, and not at all if invalid. */
  readonly ttlSeconds: number;
  /** Until when the client may run without reaching the server; never beyond access itself, null if invalid. */
  readonly offlineGraceUntil: Instant | null;
  /** The asked entitlements that the license does not grant, and the asked meters without room. */
  readonly missingEntitlements: readonly string[];
  readonly exceededMeters: readonly string[];
};

/**
 * Judges a license (null: unknown key) at `at` for what the request names. Checks nothing that is neither named nor required.
 * The view is the same from a folded stream and from a row, and so is the answer.
 */
export const validate = (view: ValidationView | null, scope: ValidationScope, at: Instant): Validation => {
  if (view === null) return unknownLicense;

  const { facts } = view;
  const missingEntitlements = missingOf(facts, scope, at);
  const exceededMeters = exceededOf(facts, scope);
  const blocking = blockingReasons(view, scope, at);
  if (missingEntitlements.length > 0) blocking.add('ENTITLEMENT_MISSING');
  if (exceededMeters.length > 0) blocking.add('QUOTA_EXCEEDED');
  const remarks = remarksOn(facts, blocking, at);
  const reasons = validationCodes.filter((code) => blocking.has(code) || remarks.includes(code));
  const valid = blocking.size === 0;
  const effective = effectiveStatus(facts, at);
  return {
    valid,
    code: reasons.find((code) => valid || blocking.has(code)) ?? 'VALID',
    reasons,
    status: simpleStatus(effective),
    effectiveStatus: effective,
    expiresAt: facts.term.expiresAt,
    graceUntil: graceUntil(facts),
    ttlSeconds: valid ? ttlSeconds(view, scope, at) : 0,
    offlineGraceUntil: valid ? offlineGraceUntil(facts, scope, at) : null,
    missingEntitlements,
    exceededMeters,
  };
};

const unknownLicense: Validation = {
  valid: false,
  code: 'NOT_FOUND',
  reasons: ['NOT_FOUND'],
  status: null,
  effectiveStatus: null,
  expiresAt: null,
  graceUntil: null,
  ttlSeconds: 0,
  offlineGraceUntil: null,
  missingEntitlements: [],
  exceededMeters: [],
};

const blockingReasons = (view: ValidationView, scope: ValidationScope, at: Instant): Set<ValidationCode> => {
  const { facts } = view;
  const { policy } = facts;
  const reasons = new Set<ValidationCode>();
  if (view.tenantSuspended) reasons.add('TENANT_SUSPENDED');
  if (facts.revokedAt !== null) reasons.add('REVOKED');
  if (isSuspended(facts, at)) reasons.add('SUSPENDED');
  if (isKeyRotated(facts, scope.keyVersion ?? null, at)) reasons.add('KEY_ROTATED');
  if (isNotYetValid(facts, at)) reasons.add('NOT_YET_VALID');
  if (isExpired(facts, at) && policy.expiryStrategy === 'RESTRICT') reasons.add('EXPIRED');
  if (isCheckInOverdue(view, at)) reasons.add('CHECK_IN_OVERDUE');
  addScopeReasons(reasons, view, scope);
  addDeviceReasons(reasons, view, scope, at);
  if (isCutOff(facts, facts.usage.activations, facts.limits.activations)) reasons.add('TOO_MANY_ACTIVATIONS');
  if (isCutOff(facts, facts.usage.seats, facts.limits.seats)) reasons.add('TOO_MANY_LEASES');
  if (isCutOff(facts, facts.usage.users, facts.limits.users)) reasons.add('TOO_MANY_USERS');
  return reasons;
};

const addScopeReasons = (
  reasons: Set<ValidationCode>,
  { facts, userAssigned }: ValidationView,
  { product, version, user, environment }: ValidationScope,
): void => {
  const { policy } = facts;
  const isNamed = environment !== undefined && environment !== null;
  if (isNamed && policy.environment !== undefined && policy.environment !== environment)
    reasons.add('ENVIRONMENT_MISMATCH');
  if (product === null && policy.productRequired) reasons.add('PRODUCT_SCOPE_REQUIRED');
  if (product !== null && !facts.products.includes(product)) reasons.add('PRODUCT_NOT_LICENSED');
  if (version !== undefined && version !== null && !isVersionEntitled(facts, version))
    reasons.add('VERSION_NOT_ENTITLED');
  const isUserNamed = user !== undefined && user !== null;
  if (!isUserNamed && policy.userRequired === true) reasons.add('USER_SCOPE_REQUIRED');
  if (isUserNamed && !userAssigned) reasons.add('USER_NOT_ASSIGNED');
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
  if (holder === null ? policy.leaseRequired === true : lease === null) reasons.add('NO_LEASE');
  if (holder !== null && lease !== null && at >= lease.aliveUntil) reasons.add('LEASE_EXPIRED');
};

/**
 * True when the key that was shown (null: none) works no more: an earlier one does until the end of its overlap, whether or
 * not that was announced.
 */
export const isKeyRotated = ({ keyVersion, keyOverlaps }: LicenseFacts, shown: number | null, at: Instant): boolean =>
  shown !== null &&
  shown !== keyVersion &&
  !keyOverlaps.some((overlap) => overlap.keyVersion === shown && at < overlap.until);

const isCheckInOverdue = ({ facts, lastCheckInAt }: ValidationView, at: Instant): boolean => {
  const { checkInSeconds } = facts.policy;
  const since = lastCheckInAt ?? facts.term.startsAt;
  return checkInSeconds !== undefined && since !== null && at >= plusSeconds(since, checkInSeconds);
};

// Use above a lowered limit stays valid, unless the policy is to refuse or to end it.
const isCutOff = ({ policy }: LicenseFacts, used: number, limit: number): boolean =>
  used > limit && policy.limitStrategy !== 'ALLOW_OVER' && used > capacity(limit, policy.overage);

const missingOf = (facts: LicenseFacts, scope: ValidationScope, at: Instant): readonly string[] => {
  if (scope.entitlements === undefined) return [];
  const granted = new Set(grantedAt(facts, at).map(({ code }) => code));
  return scope.entitlements.filter((code) => !granted.has(code));
};

const exceededOf = ({ usage, limits, policy }: LicenseFacts, scope: ValidationScope): readonly string[] =>
  (scope.meters ?? []).filter((meter) => {
    const limit = Object.hasOwn(limits.meters, meter) ? (limits.meters[meter] ?? 0) : 0;
    return (usage.meters[meter] ?? 0) >= capacity(limit, policy.overage);
  });

const remarksOn = (facts: LicenseFacts, blocking: ReadonlySet<ValidationCode>, at: Instant): ValidationCode[] => {
  const remarks: ValidationCode[] = [];
  if (isExpired(facts, at) && !blocking.has('EXPIRED')) remarks.push('EXPIRED');
  // These codes say that the license is valid, so they may only be said of one that is.
  if (blocking.size > 0) return remarks;
  if (isInGrace(facts, at)) remarks.push('VALID_IN_GRACE');
  if (isOver(facts)) remarks.push('VALID_OVERAGE');
  return remarks;
};

const isOver = ({ usage, limits }: LicenseFacts): boolean => {
  if (usage.activations > limits.activations || usage.seats > limits.seats || usage.users > limits.users) return true;
  for (const [meter, used] of Object.entries(usage.meters)) if (used > (limits.meters[meter] ?? 0)) return true;
  return false;
};

const ttlSeconds = ({ facts, lease }: ValidationView, scope: ValidationScope, at: Instant): number => {
  const changes = [
    ...[facts.term.expiresAt, graceUntil(facts), lease?.aliveUntil ?? null, keyUntil(facts, scope)],
    ...facts.entitlements.map(({ until }) => until),
    ...suspensionStarts(facts),
  ];
  const untilChange = changes.flatMap((change) => (change !== null && change > at ? [secondsBetween(at, change)] : []));
  const { validationTtlSeconds, checkInSeconds } = facts.policy;
  // Whoever asks again when the answer ran out is to be in time for the next check-in.
  const untilCheckIn = checkInSeconds === undefined ? [] : [Math.floor(checkInSeconds / 2)];
  return Math.min(validationTtlSeconds, ...untilChange, ...untilCheckIn);
};

const offlineGraceUntil = (facts: LicenseFacts, scope: ValidationScope, at: Instant): Instant => {
  let until = plusSeconds(at, facts.policy.offlineGraceSeconds);
  const keyEndsAt = keyUntil(facts, scope);
  if (keyEndsAt !== null) until = earlier(until, keyEndsAt);
  for (const start of suspensionStarts(facts)) if (start > at) until = earlier(until, start);
  const accessEndsAt = graceUntil(facts) ?? facts.term.expiresAt;
  return accessEndsAt === null || facts.policy.expiryStrategy !== 'RESTRICT' ? until : earlier(until, accessEndsAt);
};

/** When the key that was shown works no more; null: it is not known to end, or none was shown. */
const keyUntil = ({ keyOverlaps }: LicenseFacts, { keyVersion }: ValidationScope): Instant | null =>
  keyOverlaps.find((overlap) => overlap.keyVersion === keyVersion)?.until ?? null;

const suspensionStarts = ({ scheduled }: LicenseFacts): readonly Instant[] =>
  scheduled.flatMap(({ effectiveAt, change }) => (change.kind === 'SUSPENSION' ? [effectiveAt] : []));
