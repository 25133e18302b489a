import { describe, expect, test } from 'vitest';
import { featuresOf } from '../../../../src/domain/license/grants/granted-entitlements.ts';
import type { LicenseFacts } from '../../../../src/domain/license/license.ts';
import { expiresAt, issued, justBeforeExpiry, licenseAfter, noon, pro } from '../examples.ts';

const license = licenseAfter(issued()).facts;
const waiting: LicenseFacts = {
  ...license,
  term: { number: 0, startsAt: null, expiresAt: null },
  awaited: { trigger: 'FIRST_VALIDATION', duration: 'P1Y' },
};

describe('what a license grants', () => {
  const entitlement = { value: null, limit: null, source: 'grant' } as const;
  const granting: LicenseFacts = {
    ...license,
    entitlements: [
      { ...entitlement, code: 'export', until: null },
      { ...entitlement, code: 'beta', until: noon },
    ],
  };
  const codes = (facts: LicenseFacts, product: string | null, at: string) => {
    const features = featuresOf(facts, product, at);
    return 'rejected' in features ? features.rejected : features.map(({ code }) => code);
  };

  test('ends at the instant it says', () => {
    expect(codes(granting, null, license.createdAt)).toEqual(['export', 'beta']);
    expect(codes(granting, null, noon)).toEqual(['export']);
  });

  test('ends with the term, unless the policy lets the license be used on', () => {
    const maintained: LicenseFacts = { ...granting, policy: { ...pro, expiryStrategy: 'MAINTAIN' } };
    expect([codes(granting, null, justBeforeExpiry), codes(granting, null, expiresAt)]).toEqual([
      ['export'],
      'LICENSE_EXPIRED',
    ]);
    expect(codes(maintained, null, expiresAt)).toEqual(['export']);
    expect(codes(maintained, 'workflow_app', expiresAt)).toBe('PRODUCT_NOT_LICENSED');
  });

  test('is nothing when it is revoked, suspended or not started', () => {
    const suspension = { reasonCode: 'ADMIN', since: noon, until: null } as const;
    expect(codes({ ...granting, revokedAt: noon }, null, noon)).toBe('LICENSE_REVOKED');
    expect(codes({ ...granting, suspension }, null, noon)).toBe('LICENSE_SUSPENDED');
    expect(codes(waiting, null, noon)).toBe('LICENSE_NOT_STARTED');
  });
});
