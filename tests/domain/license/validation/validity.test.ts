import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LicenseFacts } from '../../../../src/domain/license/license.ts';
import type { ValidationCode } from '../../../../src/domain/license/validation/validation-codes.ts';
import { type ValidationScope, viewOfFacts } from '../../../../src/domain/license/validation/validation-view.ts';
import { validate as validateView } from '../../../../src/domain/license/validation/validity.ts';
import {
  expiresAt,
  graceEndsAt,
  issued,
  issuedAt,
  justBeforeExpiry,
  licenseAfter,
  noon,
  perpetual,
  pro,
  tomorrow,
  withGrace,
} from '../examples.ts';

const license = licenseAfter(issued()).facts;
/** The devices of these tests: none in the request, one with an open activation, one without. */
type Named = { readonly product: string | null; readonly fingerprint: 'absent' | 'activated' | 'unknown' };
const named = (scope: Partial<Named> = {}): Named => ({ product: null, fingerprint: 'absent', ...scope });
const validate = (facts: LicenseFacts | null, { product, fingerprint }: Named, at: string) => {
  const scope: ValidationScope = { product, fingerprint: fingerprint === 'absent' ? null : 'hash' };
  const activation = fingerprint === 'activated' ? { isOfFingerprint: true } : null;
  return validateView(facts === null ? null : { ...viewOfFacts(facts), activation }, scope, at);
};
const using = (activations: number) => ({ activations, seats: 0, users: 0, meters: {} });
const revoked: Partial<LicenseFacts> = { revokedAt: noon };
const suspended: Partial<LicenseFacts> = { suspension: { reasonCode: 'ADMIN', since: noon, until: null } };
const full: Partial<LicenseFacts> = { usage: using(2) };
// A policy that does not accept usage above the limit.
const overfull: Partial<LicenseFacts> = { usage: using(3), policy: { ...pro, limitStrategy: 'REJECT' } };
const policy = (overrides: Partial<typeof pro>): Partial<LicenseFacts> => ({ policy: { ...pro, ...overrides } });
const maintained = policy({ expiryStrategy: 'MAINTAIN' });
const notStarted: Partial<LicenseFacts> = { term: { number: 1, startsAt: tomorrow, expiresAt } };

describe('validating a license', () => {
  test.each<[ValidationCode, boolean, Partial<LicenseFacts>, Partial<Named>, string, ValidationCode[]]>([
    ['VALID', true, {}, {}, noon, []],
    ['VALID', true, full, { product: 'local_cli', fingerprint: 'activated' }, noon, []],
    ['REVOKED', false, revoked, {}, noon, ['REVOKED']],
    ['SUSPENDED', false, suspended, {}, noon, ['SUSPENDED']],
    ['NOT_YET_VALID', false, notStarted, {}, noon, ['NOT_YET_VALID']],
    ['VALID', true, {}, {}, justBeforeExpiry, []],
    ['EXPIRED', false, {}, {}, expiresAt, ['EXPIRED']],
    ['EXPIRED', true, maintained, {}, expiresAt, ['EXPIRED']],
    ['EXPIRED', true, policy({ expiryStrategy: 'ALLOW' }), {}, expiresAt, ['EXPIRED']],
    ['VALID_IN_GRACE', true, { policy: withGrace }, {}, expiresAt, ['VALID_IN_GRACE']],
    ['EXPIRED', false, { policy: withGrace }, {}, graceEndsAt, ['EXPIRED']],
    ['PRODUCT_SCOPE_REQUIRED', false, policy({ productRequired: true }), {}, noon, ['PRODUCT_SCOPE_REQUIRED']],
    ['VALID', true, policy({ productRequired: true }), { product: 'cloud_ide' }, noon, []],
    ['PRODUCT_NOT_LICENSED', false, {}, { product: 'workflow_app' }, noon, ['PRODUCT_NOT_LICENSED']],
    ['FINGERPRINT_REQUIRED', false, policy({ fingerprintRequired: true }), {}, noon, ['FINGERPRINT_REQUIRED']],
    ['VALID', true, policy({ fingerprintRequired: true }), { fingerprint: 'activated' }, noon, []],
    ['NOT_ACTIVATED', false, {}, { fingerprint: 'unknown' }, noon, ['NOT_ACTIVATED']],
    ['TOO_MANY_ACTIVATIONS', false, overfull, {}, noon, ['TOO_MANY_ACTIVATIONS']],
    // The result has every reason, the most important first.
    [
      'REVOKED',
      false,
      { ...revoked, ...suspended, ...overfull },
      { product: 'workflow_app', fingerprint: 'unknown' },
      expiresAt,
      ['REVOKED', 'SUSPENDED', 'EXPIRED', 'PRODUCT_NOT_LICENSED', 'NOT_ACTIVATED', 'TOO_MANY_ACTIVATIONS'],
    ],
    [
      'SUSPENDED',
      false,
      { ...suspended, ...notStarted, ...policy({ productRequired: true, fingerprintRequired: true }) },
      {},
      noon,
      ['SUSPENDED', 'NOT_YET_VALID', 'PRODUCT_SCOPE_REQUIRED', 'FINGERPRINT_REQUIRED'],
    ],
    // Without RESTRICT the expiry is a remark, and the code is the reason that blocks.
    ['NOT_ACTIVATED', false, maintained, { fingerprint: 'unknown' }, expiresAt, ['EXPIRED', 'NOT_ACTIVATED']],
    // An invalid license is never VALID_IN_GRACE.
    ['NOT_ACTIVATED', false, { policy: withGrace }, { fingerprint: 'unknown' }, expiresAt, ['NOT_ACTIVATED']],
  ])('says %s, valid %s: %j for %j at %s', (code, valid, overrides, scope, at, reasons) => {
    expect(validate({ ...license, ...overrides }, named(scope), at)).toMatchObject({ code, valid, reasons });
  });

  test('returns only NOT_FOUND for an unknown key', () => {
    expect(validate(null, named({ product: 'local_cli', fingerprint: 'unknown' }), noon)).toEqual({
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
    });
  });

  test('returns status, expiry and the times of the policy', () => {
    expect(validate(license, named(), noon)).toEqual({
      valid: true,
      code: 'VALID',
      reasons: [],
      status: 'ACTIVE',
      effectiveStatus: 'ACTIVE',
      expiresAt,
      graceUntil: null,
      ttlSeconds: 86_400,
      offlineGraceUntil: '2026-06-04T12:00:00.000Z',
      missingEntitlements: [],
      exceededMeters: [],
    });
    expect(validate({ ...license, policy: withGrace }, named(), expiresAt)).toMatchObject({
      status: 'ACTIVE',
      effectiveStatus: 'IN_GRACE',
      graceUntil: graceEndsAt,
    });
  });

  test('is VALID exactly without a reason, and changes nothing', () => {
    const facts = fc.record({
      revokedAt: fc.constantFrom(null, noon),
      suspension: fc.constantFrom(null, suspended.suspension ?? null),
      usage: fc.integer({ min: 0, max: 3 }).map(using),
      policy: fc.constantFrom(
        pro,
        withGrace,
        { ...pro, expiryStrategy: 'MAINTAIN' as const },
        { ...pro, productRequired: true },
      ),
    });
    const scope = fc.record({
      product: fc.constantFrom(null, 'local_cli', 'workflow_app'),
      fingerprint: fc.constantFrom('absent' as const, 'activated' as const, 'unknown' as const),
    });
    const instant = fc.constantFrom(
      '2025-01-01T00:00:00.000Z',
      issuedAt,
      noon,
      justBeforeExpiry,
      expiresAt,
      graceEndsAt,
    );
    fc.assert(
      fc.property(facts, scope, instant, (overrides, request, at) => {
        const answer = validate({ ...license, ...overrides }, request, at);
        expect(answer.code === 'VALID').toBe(answer.reasons.length === 0);
        expect(answer.reasons.includes(answer.code) || answer.code === 'VALID').toBe(true);
        expect(answer.ttlSeconds > 0 || answer.offlineGraceUntil !== null).toBe(answer.valid);
        expect(validate({ ...license, ...overrides }, request, at)).toEqual(answer);
      }),
    );
  });
});

describe('a result may be cached', () => {
  test('no longer than the term when the expiry restricts', () => {
    const at = '2026-12-31T23:59:00.500Z';
    expect(validate(license, named(), at)).toMatchObject({ ttlSeconds: 59, offlineGraceUntil: expiresAt });
  });
  test('no longer than the next change, and offline no longer either', () => {
    const graced = { ...license, policy: withGrace };
    expect(validate(graced, named(), '2026-12-31T23:59:00.000Z')).toMatchObject({
      ttlSeconds: 60,
      offlineGraceUntil: expiresAt,
    });
    expect(validate(graced, named(), '2027-01-01T23:59:00.000Z')).toMatchObject({
      ttlSeconds: 60,
      offlineGraceUntil: graceEndsAt,
    });
  });
  test('beyond the term when the expiry does not restrict', () => {
    const at = '2027-01-01T00:00:00.000Z';
    expect(validate({ ...license, ...maintained }, named(), at)).toMatchObject({
      ttlSeconds: 86_400,
      offlineGraceUntil: '2027-01-04T00:00:00.000Z',
    });
  });
  test('for the policy’s times on a perpetual license', () => {
    const { facts } = licenseAfter(issued({ term: perpetual }));
    expect(validate(facts, named(), noon)).toMatchObject({
      expiresAt: null,
      ttlSeconds: 86_400,
      offlineGraceUntil: '2026-06-04T12:00:00.000Z',
    });
  });
  test('no longer than the overlap of a previous key, also offline', () => {
    const rotated = { ...license, keyVersion: 2, keyOverlaps: [{ keyVersion: 1, until: '2026-06-01T12:01:00.000Z' }] };
    const presented = (keyVersion: number | null) =>
      validateView(viewOfFacts(rotated), { product: null, fingerprint: null, keyVersion }, noon);
    expect(presented(1)).toMatchObject({ valid: true, ttlSeconds: 60, offlineGraceUntil: '2026-06-01T12:01:00.000Z' });
    for (const other of [2, null])
      expect(presented(other)).toMatchObject({ ttlSeconds: 86_400, offlineGraceUntil: '2026-06-04T12:00:00.000Z' });
  });
  test('no longer than until the next entitlement ends', () => {
    const ending = (code: string, until: string | null) =>
      ({ code, value: null, limit: null, until, source: 'grant' }) as const;
    const entitlements = [ending('over', noon), ending('beta', '2026-06-01T12:01:00.000Z'), ending('export', null)];
    expect(validate({ ...license, entitlements }, named(), noon)).toMatchObject({ valid: true, ttlSeconds: 60 });
  });
  test('not at all when it is not valid', () => {
    expect(validate({ ...license, ...suspended }, named(), noon)).toMatchObject({
      ttlSeconds: 0,
      offlineGraceUntil: null,
    });
  });
});
