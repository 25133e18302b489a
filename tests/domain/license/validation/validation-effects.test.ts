import { describe, expect, test } from 'vitest';
import type { LicenseFacts } from '../../../../src/domain/license/license.ts';
import type { ValidationCode } from '../../../../src/domain/license/validation/validation-codes.ts';
import { checksIn, isCheckInNoted, startsTerm } from '../../../../src/domain/license/validation/validation-effects.ts';
import { viewOfFacts } from '../../../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../../../src/domain/license/validation/validity.ts';
import { plusSeconds } from '../../../../src/domain/time.ts';
import { expiresAt, issued, licenseAfter, noon, pro } from '../examples.ts';

const license = licenseAfter(issued()).facts;
const waiting: LicenseFacts = {
  ...license,
  term: { number: 0, startsAt: null, expiresAt: null },
  awaited: { trigger: 'FIRST_VALIDATION', duration: 'P1Y' },
};
/** Returns a validation with these reasons. */
const judged = (valid: boolean, ...reasons: readonly ValidationCode[]) => ({
  ...validate(null, { product: null, fingerprint: null }, noon),
  valid,
  reasons,
  code: reasons[0] ?? 'VALID',
});

describe('a term that waits for the first validation', () => {
  test.each<[boolean, ValidationCode[]]>([
    [true, ['NOT_YET_VALID']],
    [true, ['NOT_YET_VALID', 'NOT_ACTIVATED']],
    [true, ['NOT_YET_VALID', 'NOT_ACTIVATED', 'NO_LEASE']],
    [false, ['SUSPENDED', 'NOT_YET_VALID']],
    [false, ['NOT_YET_VALID', 'PRODUCT_NOT_LICENSED']],
    [false, ['NOT_YET_VALID', 'FINGERPRINT_MISMATCH']],
  ])('starts: %s, when the reasons against the license are %j', (begins, reasons) => {
    expect(startsTerm(waiting, judged(false, ...reasons))).toBe(begins);
  });

  test('does not start for a license that waits for its first activation, or for nothing', () => {
    const forActivation = { ...waiting, awaited: { trigger: 'FIRST_ACTIVATION', duration: 'P1Y' } } as const;
    expect(startsTerm(forActivation, judged(false, 'NOT_YET_VALID'))).toBe(false);
    expect(startsTerm(license, judged(true))).toBe(false);
  });
});

describe('a license that must check in', () => {
  const checking: LicenseFacts = { ...license, policy: { ...pro, checkInSeconds: 60 } };

  test.each<[boolean, boolean, ValidationCode[]]>([
    [true, true, []],
    [true, true, ['VALID_IN_GRACE']],
    [true, false, ['CHECK_IN_OVERDUE']],
    [false, false, ['CHECK_IN_OVERDUE', 'NOT_ACTIVATED']],
    [false, false, ['EXPIRED', 'CHECK_IN_OVERDUE']],
    [false, false, ['NOT_ACTIVATED']],
  ])('is checked in: %s, by a validation that is valid: %s, for %j', (does, valid, reasons) => {
    expect(checksIn(checking, judged(valid, ...reasons))).toBe(does);
  });

  test.each<[number, number]>([
    [60, 6],
    [300, 30],
    [600, 60],
    [86_400, 60],
  ])('within %i seconds stores its check-in at most every %i seconds', (checkInSeconds, pauseSeconds) => {
    const facts: LicenseFacts = { ...license, policy: { ...pro, checkInSeconds } };
    const secondsLater = (seconds: number) => plusSeconds(license.createdAt, seconds);
    expect(isCheckInNoted(facts, null, license.createdAt)).toBe(true);
    expect(isCheckInNoted(facts, license.createdAt, secondsLater(pauseSeconds - 1))).toBe(false);
    expect(isCheckInNoted(facts, license.createdAt, secondsLater(pauseSeconds))).toBe(true);
  });

  test('is not checked in when its policy needs no check-in', () => {
    expect(checksIn(license, judged(true))).toBe(false);
  });

  test('is also checked in late when it may be used after its term', () => {
    const maintained: LicenseFacts = { ...checking, policy: { ...checking.policy, expiryStrategy: 'MAINTAIN' } };
    const late = validate(viewOfFacts(maintained), { product: null, fingerprint: null }, expiresAt);
    expect(late.reasons).toEqual(['EXPIRED', 'CHECK_IN_OVERDUE']);
    expect([late.code, checksIn(maintained, late)]).toEqual(['CHECK_IN_OVERDUE', true]);
  });

  test('may cache a result for at most half of its check-in period', () => {
    const { ttlSeconds } = validate(viewOfFacts(checking), { product: null, fingerprint: null }, license.createdAt);
    expect(ttlSeconds).toBe(30);
  });
});
