import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../../../src/domain/license/commands.ts';
import { viewOfFacts } from '../../../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../../../src/domain/license/validation/validity.ts';
import { followedBy, policyWith } from '../commands.ts';
import { expiresAt, graceEndsAt, issued, licenseAfter, noon, perpetual, tomorrow } from '../examples.ts';
import { acquire, answer, assign, named, of, plain, rotated, seats, use } from './validation-examples.ts';

describe('at the bounds', () => {
  test('a previous key works until the end of its overlap, to the millisecond; an unknown key never works', () => {
    expect(answer(rotated, { keyVersion: 1 }, '2026-06-02T11:59:59.999Z').valid).toBe(true);
    expect(answer(rotated, { keyVersion: 2 }, tomorrow).valid).toBe(true);
    expect(answer(rotated, { keyVersion: null }, tomorrow).valid).toBe(true);
    expect(answer(rotated, { keyVersion: 3 }).code).toBe('KEY_ROTATED');
  });
  test('a check-in is overdue exactly when its period ends', () => {
    const stored = { lastCheckInAt: '2026-06-01T11:59:00.001Z' };
    expect(answer(of({ checkInSeconds: 60 }), {}, noon, stored).valid).toBe(true);
  });
  test('an entitlement no longer counts from its end on', () => {
    const granted = [
      issued({ entitlements: [{ code: 'sso', value: null, limit: null, until: noon, source: 'grant' }] }),
    ];
    expect(answer(granted, { entitlements: ['sso'] }, '2026-06-01T11:59:59.999Z').valid).toBe(true);
    expect(answer(granted, { entitlements: ['sso'] })).toMatchObject({ valid: false, missingEntitlements: ['sso'] });
  });
  test('a meter is exceeded when its limit and overage are used', () => {
    expect(answer(followedBy(of({}, seats), use(1)), { meters: ['builds'] }).valid).toBe(true);
    const generous = { overage: { kind: 'RATIO', percent: 150 } } as const;
    expect(answer(followedBy(of(generous, seats), use(2)), { meters: ['builds'] }).valid).toBe(true);
    expect(answer(followedBy(of(generous, seats), use(3)), { meters: ['builds'] }).code).toBe('QUOTA_EXCEEDED');
    expect(answer(followedBy(of(generous, seats), use(3)))).toMatchObject({ valid: true, code: 'VALID_OVERAGE' });
  });
  test('usage within the overage is valid, usage beyond it is not', () => {
    const generous = policyWith({ limitStrategy: 'REJECT', overage: { kind: 'RATIO', percent: 200 } });
    const usage = (activations: number) => ({
      ...viewOfFacts(licenseAfter(issued({ policy: generous })).facts),
      facts: {
        ...licenseAfter(issued({ policy: generous })).facts,
        usage: { activations, seats: 0, users: 0, meters: {} },
      },
    });
    expect(validate(usage(4), named(), noon)).toMatchObject({ valid: true, code: 'VALID_OVERAGE' });
    expect(validate(usage(5), named(), noon)).toMatchObject({ valid: false, code: 'TOO_MANY_ACTIVATIONS' });
  });
  test('after expiry MAINTAIN covers only versions that were released before', () => {
    const maintained = of({ expiryStrategy: 'MAINTAIN' });
    const released = (releasedAt: string | null) => ({ version: { number: '1', releasedAt } });
    expect(answer(maintained, released('2026-12-31T23:59:59.999Z'), graceEndsAt).valid).toBe(true);
    expect(answer(maintained, released(expiresAt), graceEndsAt).valid).toBe(false);
    expect(answer(maintained, released(null), graceEndsAt).valid).toBe(true);
    expect(answer(of({ expiryStrategy: 'ALLOW' }), released(expiresAt), graceEndsAt).valid).toBe(true);
    expect(
      answer([issued({ term: perpetual, maintenanceUntil: noon })], released('2026-06-01T11:59:59.999Z')).valid,
    ).toBe(true);
  });
  test('the environment is checked when request and policy name one', () => {
    expect(answer(of({ environment: 'live' }), { environment: 'live' }).valid).toBe(true);
    expect(answer(of({ environment: 'live' })).valid).toBe(true);
    expect(answer(plain, { environment: 'test' }).valid).toBe(true);
  });
  test('a license that requires a user and a lease is valid with both', () => {
    const required = of({ userRequired: true, leaseRequired: true }, seats);
    const taken = followedBy(required, assign, {
      ...acquire,
      data: { ...acquire.data, userRef: 'usr_a' },
    } as LicenseCommand);
    expect(answer(taken, { user: 'usr_a', lease: 'm1' }).valid).toBe(true);
  });
});
