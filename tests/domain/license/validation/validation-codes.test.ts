import { describe, expect, test } from 'vitest';
import { validationCodes } from '../../../../src/domain/license/validation/validation-codes.ts';
import { validate } from '../../../../src/domain/license/validation/validity.ts';
import { command, followedBy } from '../commands.ts';
import { activate, expiresAt, noon, on, revokedEvent, suspendedEvent, withGrace } from '../examples.ts';
import { acquire, answer, assign, lowered, named, of, rotated, seats, table, use } from './validation-examples.ts';

describe('the codes of a validation', () => {
  test('include NOT_FOUND for an unknown license', () => expect(validate(null, named(), noon).code).toBe('NOT_FOUND'));
  test('all have a row here, in their order', () => {
    expect(['NOT_FOUND', ...new Set(table.map(([code]) => code))]).toEqual(validationCodes);
  });
  test.each(table.map((row) => [row[0], row[1], row] as const))('%s, valid %s', (code, valid, row) => {
    const [, , history, scope, at, stored] = row;
    const judged = answer(history, scope, at, stored);
    expect(judged).toMatchObject({ code, valid });
    expect(judged.reasons).toEqual(code === 'VALID' ? [] : [code]);
  });
});

describe('a validation has all reasons, in the order of the codes', () => {
  test('the first reason of an invalid license is its code', () => {
    const wrong = {
      environment: 'live',
      checkInSeconds: 1,
      versions: { from: '5', below: null },
      limitStrategy: 'REJECT',
    } as const;
    const history = lowered(followedBy(of(wrong, seats), activate('a'), acquire, assign, use(2)));
    const judged = answer(
      [...history, on(noon, suspendedEvent()), on(noon, revokedEvent)],
      {
        product: 'workflow_app',
        fingerprint: 'hash-b',
        user: 'usr_b',
        lease: 'm2',
        environment: 'test',
        version: { number: '1', releasedAt: null },
        entitlements: ['sso', 'api'],
        meters: ['builds', 'exports'],
      },
      expiresAt,
      { tenantSuspended: true },
    );
    expect(judged).toMatchObject({
      valid: false,
      code: 'TENANT_SUSPENDED',
      missingEntitlements: ['sso', 'api'],
      exceededMeters: ['builds', 'exports'],
    });
    expect(judged.reasons).toEqual([
      'TENANT_SUSPENDED',
      'REVOKED',
      'SUSPENDED',
      'EXPIRED',
      'CHECK_IN_OVERDUE',
      'ENVIRONMENT_MISMATCH',
      'PRODUCT_NOT_LICENSED',
      'VERSION_NOT_ENTITLED',
      'USER_NOT_ASSIGNED',
      'ENTITLEMENT_MISSING',
      'NOT_ACTIVATED',
      'NO_LEASE',
      'TOO_MANY_ACTIVATIONS',
      'TOO_MANY_LEASES',
      'TOO_MANY_USERS',
      'QUOTA_EXCEEDED',
    ]);
  });
  test('a key that no longer works is the only reason, and nothing else about the license is said', () => {
    const history = [...rotated, on(noon, suspendedEvent()), on(noon, revokedEvent)];
    const scope = {
      keyVersion: 1,
      ...{ fingerprint: 'hash-b', user: 'usr_b', entitlements: ['sso'], meters: ['builds'] },
    };
    const judged = answer(history, scope, expiresAt, { tenantSuspended: true });
    expect(judged).toEqual({ ...validate(null, named(), noon), code: 'KEY_ROTATED', reasons: ['KEY_ROTATED'] });
  });
  test('the first remark on a valid license is its code', () => {
    const over = followedBy(
      of(withGrace, seats),
      activate('a'),
      command('ChangeLimits', { limits: { ...seats, activations: 0 } }),
    );
    expect(answer(over, {}, expiresAt)).toMatchObject({
      valid: true,
      code: 'VALID_IN_GRACE',
      reasons: ['VALID_IN_GRACE', 'VALID_OVERAGE'],
    });
    expect(answer(over, { product: 'workflow_app' }, expiresAt)).toMatchObject({
      valid: false,
      reasons: ['PRODUCT_NOT_LICENSED'],
    });
  });
});
