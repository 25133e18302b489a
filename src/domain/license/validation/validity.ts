import { earlier, type Instant, later, plusSeconds, secondsBetween } from '../../time.ts';
import { effectiveEntitlements } from '../grants/effective-entitlements.ts';
import type { LicenseFacts } from '../license.ts';
import { type EffectiveStatus, effectiveStatus, graceUntil, type Status, simpleStatus } from '../status.ts';
import { overageOf } from '../usage/meter-rules.ts';
import { usageAt } from '../usage/term-counters.ts';
import { capacity } from '../usage/usage-limits.ts';
import { keyRotated } from './license-rules.ts';
import { nextChangeAt, nextResetAt } from './next-change.ts';
import type { Checked } from './rule.ts';
import type { ValidationCode } from './validation-codes.ts';
import { validationRules } from './validation-rules.ts';
import type { ValidationScope, ValidationView } from './validation-view.ts';

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
  /**
   * How long the client may cache the result: not past the next instant at which the clock changes it; 0 when invalid.
   */
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
  const checked = checkedOf(view, scope, at);
  if (keyRotated.judge(checked, false) === 'FAILED') return rotatedKey;
  const reasons: ValidationCode[] = [];
  let firstFailed: ValidationCode | null = null;
  for (const rule of validationRules) {
    const judgement = rule.judge(checked, firstFailed !== null);
    if (judgement !== 'FAILED' && judgement !== 'NOTED') continue;
    reasons.push(rule.code);
    if (judgement === 'FAILED') firstFailed ??= rule.code;
  }
  const valid = firstFailed === null;
  const effective = effectiveStatus(facts, at);
  const nextChange = valid ? nextChangeAt(view, scope, at) : null;
  return {
    valid,
    code: firstFailed ?? reasons[0] ?? 'VALID',
    reasons,
    status: simpleStatus(effective),
    effectiveStatus: effective,
    expiresAt: facts.term.expiresAt,
    graceUntil: graceUntil(facts),
    ttlSeconds: valid ? ttlSeconds(facts, nextChange, at) : 0,
    offlineGraceUntil: valid ? offlineGraceUntil(view, nextChange, at) : null,
    missingEntitlements: checked.missingEntitlements,
    exceededMeters: checked.exceededMeters,
  };
};

/** Returns what the rules read. */
export const checkedOf = (view: ValidationView, scope: ValidationScope, at: Instant): Checked => {
  const { facts } = view;
  return {
    facts,
    view,
    scope,
    at,
    missingEntitlements: missingOf(facts, scope, at),
    exceededMeters: exceededOf(facts, scope, at),
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

const missingOf = (facts: LicenseFacts, scope: ValidationScope, at: Instant): readonly string[] => {
  if (scope.entitlements === undefined) return [];
  const granted = new Set(effectiveEntitlements(facts, at).map(({ code }) => code));
  return scope.entitlements.filter((code) => !granted.has(code));
};

const exceededOf = (facts: LicenseFacts, scope: ValidationScope, at: Instant): readonly string[] =>
  (scope.meters ?? []).filter((meter) => {
    const { limits } = facts;
    const limit = Object.hasOwn(limits.meters, meter) ? (limits.meters[meter] ?? 0) : 0;
    return (usageAt(facts, at).meters[meter] ?? 0) >= capacity(limit, overageOf(facts, meter));
  });

const ttlSeconds = (facts: LicenseFacts, nextChange: Instant | null, at: Instant): number => {
  const { validationTtlSeconds, checkInSeconds } = facts.policy;
  // A client that validates again after this time still checks in on time.
  const untilCheckIn = checkInSeconds === undefined ? validationTtlSeconds : Math.floor(checkInSeconds / 2);
  const untilChange = nextChange === null ? validationTtlSeconds : secondsBetween(at, nextChange);
  const nextReset = nextResetAt(facts, at);
  const untilReset = nextReset === null ? validationTtlSeconds : secondsBetween(at, nextReset);
  return Math.min(validationTtlSeconds, untilCheckIn, untilChange, untilReset);
};

// A borrowed seat works without the server until the borrow ends.
const offlineGraceUntil = ({ facts, lease }: ValidationView, nextChange: Instant | null, at: Instant): Instant => {
  const graceEndsAt = plusSeconds(at, facts.policy.offlineGraceSeconds);
  const until = lease?.isBorrowed === true ? later(graceEndsAt, lease.aliveUntil) : graceEndsAt;
  return nextChange === null ? until : earlier(until, nextChange);
};
