import { earlier, type Instant, plusSeconds, secondsBetween } from '../time.ts';
import type { LicenseFacts } from './license.ts';
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
} from './status.ts';

/** Why a license is not valid, or valid with a remark, most important first; `VALID` when there is nothing to say. */
export type ValidationCode =
  | 'NOT_FOUND'
  | 'REVOKED'
  | 'SUSPENDED'
  | 'NOT_YET_VALID'
  | 'EXPIRED'
  | 'PRODUCT_SCOPE_REQUIRED'
  | 'PRODUCT_NOT_LICENSED'
  | 'FINGERPRINT_REQUIRED'
  | 'NOT_ACTIVATED'
  | 'TOO_MANY_ACTIVATIONS'
  | 'VALID_IN_GRACE'
  | 'VALID';

/** What the request names. `fingerprint`: none named, one with an open activation, one without. */
export type ValidationScope = {
  readonly product: string | null;
  readonly fingerprint: 'absent' | 'activated' | 'unknown';
};

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
};

/** Judges a license (null: unknown key) at `at` for what the request names. Checks nothing that is neither named nor required. */
export const validate = (license: LicenseFacts | null, scope: ValidationScope, at: Instant): Validation => {
  if (license === null) return unknownLicense;

  const blocking = blockingReasons(license, scope, at);
  const remarks = remarksOn(license, blocking, at);
  const reasons = codesInOrder.filter((code) => blocking.includes(code) || remarks.includes(code));
  const valid = blocking.length === 0;
  const effective = effectiveStatus(license, at);
  return {
    valid,
    code: blocking[0] ?? remarks[0] ?? 'VALID',
    reasons,
    status: simpleStatus(effective),
    effectiveStatus: effective,
    expiresAt: license.term.expiresAt,
    graceUntil: graceUntil(license),
    ttlSeconds: valid ? ttlSeconds(license, at) : 0,
    offlineGraceUntil: valid ? offlineGraceUntil(license, at) : null,
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
};

const codesInOrder: readonly ValidationCode[] = [
  'REVOKED',
  'SUSPENDED',
  'NOT_YET_VALID',
  'EXPIRED',
  'PRODUCT_SCOPE_REQUIRED',
  'PRODUCT_NOT_LICENSED',
  'FINGERPRINT_REQUIRED',
  'NOT_ACTIVATED',
  'TOO_MANY_ACTIVATIONS',
  'VALID_IN_GRACE',
];

const blockingReasons = (license: LicenseFacts, { product, fingerprint }: ValidationScope, at: Instant) => {
  const { policy, products, usage, limits } = license;
  const reasons: ValidationCode[] = [];
  if (license.revokedAt !== null) reasons.push('REVOKED');
  if (isSuspended(license, at)) reasons.push('SUSPENDED');
  if (isNotYetValid(license, at)) reasons.push('NOT_YET_VALID');
  if (isExpired(license, at) && policy.expiryStrategy === 'RESTRICT') reasons.push('EXPIRED');
  if (product === null && policy.productRequired) reasons.push('PRODUCT_SCOPE_REQUIRED');
  if (product !== null && !products.includes(product)) reasons.push('PRODUCT_NOT_LICENSED');
  if (fingerprint === 'absent' && policy.fingerprintRequired) reasons.push('FINGERPRINT_REQUIRED');
  if (fingerprint === 'unknown') reasons.push('NOT_ACTIVATED');
  if (usage.activations > limits.activations) reasons.push('TOO_MANY_ACTIVATIONS');
  return reasons;
};

const remarksOn = (license: LicenseFacts, blocking: readonly ValidationCode[], at: Instant): ValidationCode[] => {
  if (isExpired(license, at)) return blocking.includes('EXPIRED') ? [] : ['EXPIRED'];
  // The code says that the license is valid, so it may only be said of one that is.
  return isInGrace(license, at) && blocking.length === 0 ? ['VALID_IN_GRACE'] : [];
};

const ttlSeconds = (license: LicenseFacts, at: Instant): number => {
  const untilChange = [license.term.expiresAt, graceUntil(license)].flatMap((change) =>
    change !== null && change > at ? [secondsBetween(at, change)] : [],
  );
  return Math.min(license.policy.validationTtlSeconds, ...untilChange);
};

const offlineGraceUntil = (license: LicenseFacts, at: Instant): Instant => {
  const offline = plusSeconds(at, license.policy.offlineGraceSeconds);
  const accessEndsAt = graceUntil(license) ?? license.term.expiresAt;
  return accessEndsAt === null || license.policy.expiryStrategy !== 'RESTRICT'
    ? offline
    : earlier(offline, accessEndsAt);
};
