import { describe, expect, test } from 'vitest';
import type { PolicyContent } from '../../../src/domain/catalog/commands.ts';
import { refuseContent } from '../../../src/domain/catalog/policy-checks.ts';
import { type Rejection, reject } from '../../../src/domain/decider.ts';
import { content, noon } from './examples.ts';

const { rules, limits } = content;
const withRules = (changed: Partial<PolicyContent['rules']>): Partial<PolicyContent> => ({
  rules: { ...rules, ...changed },
});
const entitled = (code: string, until: string | null = null) =>
  ({ code, value: null, limit: null, until, source: 'tier' }) as const;
const manyEntitlements = (count: number) => Array.from({ length: count }, (_, index) => entitled(`e${index}`));
const metersUpTo = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, 1]));
const tooShort = 'A lease and the time between two heartbeats must last at least a second.';

describe('The refusal of a policy names the place of the mistake:', () => {
  test.each<readonly [string, Partial<PolicyContent>, Rejection]>([
    [
      'a name without letters',
      { name: ' ' },
      reject('INVALID_REQUEST', 'The name of a policy must have 1 to 200 characters.', 'name'),
    ],
    [
      'the first of two limits',
      { limits: { ...limits, seats: -1, activations: -1 } },
      reject(
        'LIMIT_INVALID',
        'limits.activations must be a whole number, 0 or more, or "unlimited", not -1.',
        'limits',
        'activations',
      ),
    ],
    [
      'a number of devices per user',
      withRules({ devicesPerUser: 1.5 }),
      reject(
        'LIMIT_INVALID',
        'rules.devicesPerUser must be a whole number, 0 or more, not 1.5.',
        'rules',
        'devicesPerUser',
      ),
    ],
    [
      'a number of seconds',
      withRules({ expiryGraceSeconds: -1 }),
      reject(
        'TERM_INVALID',
        'rules.expiryGraceSeconds must be a whole number of seconds, from 0 to 100 years, not -1.',
        'rules',
        'expiryGraceSeconds',
      ),
    ],
    [
      'too many meters',
      { limits: { ...limits, meters: metersUpTo(101) } },
      reject('INVALID_REQUEST', 'A policy has at most 100 meters, not 101.', 'limits', 'meters'),
    ],
    [
      'the duration of the term',
      { term: { basis: 'ISSUE', duration: '1 year' } },
      reject('TERM_INVALID', '"1 year" is not a duration like P1Y, P30D or PT1H.', 'term', 'duration'),
    ],
    [
      'the duration of a renewal',
      withRules({ renewalDuration: '1 year' }),
      reject('TERM_INVALID', '"1 year" is not a duration like P1Y, P30D or PT1H.', 'rules', 'renewalDuration'),
    ],
    [
      'the maintenance',
      withRules({ maintenance: 'always' }),
      reject('TERM_INVALID', '"always" is neither TERM nor a duration like P1Y.', 'rules', 'maintenance'),
    ],
    [
      'a reminder',
      withRules({ remindBefore: ['P7D', 'soon'] }),
      reject('TERM_INVALID', '"soon" is not a duration like P1Y, P30D or PT1H.', 'rules', 'remindBefore', 1),
    ],
    [
      'a fixed end',
      { term: { basis: 'FIXED', expiresAt: '2027-01-01' } },
      reject('TERM_INVALID', '2027-01-01 is not an instant like 2026-01-31T00:00:00.000Z.', 'term', 'expiresAt'),
    ],
    [
      'a trial without an end',
      { ...withRules({ type: 'TRIAL' }), term: { basis: 'PERPETUAL' } },
      reject('TERM_INVALID', 'A trial must have an end.', 'term'),
    ],
    [
      'a lease that lasts no time',
      withRules({ lease: { ...rules.lease, ttlSeconds: 0 } }),
      reject('TERM_INVALID', tooShort, 'rules', 'lease', 'ttlSeconds'),
    ],
    [
      'a heartbeat that lasts no time',
      withRules({ heartbeatSeconds: 0 }),
      reject('TERM_INVALID', tooShort, 'rules', 'heartbeatSeconds'),
    ],
    [
      'an overage below the limit',
      withRules({ overage: { kind: 'RATIO', percent: 99 } }),
      reject(
        'LIMIT_INVALID',
        'An overage of 99 percent would be below the limit itself.',
        'rules',
        'overage',
        'percent',
      ),
    ],
    [
      'the overage of a meter',
      withRules({
        meterRules: {
          api_calls: { resets: 'P1M' },
          builds: { overage: { kind: 'RATIO', percent: 100 } },
          exports: { overage: { kind: 'RATIO', percent: 50 } },
        },
      }),
      reject(
        'LIMIT_INVALID',
        'An overage of 50 percent would be below the limit itself.',
        'limits',
        'meters',
        'exports',
        'overage',
        'percent',
      ),
    ],
    [
      'the last version',
      withRules({ versions: { from: '2.0', below: 'three' } }),
      reject(
        'INVALID_REQUEST',
        '"three" is not a version of SemVer like 2.1.0 or 3.0.0-beta.1.',
        'rules',
        'versions',
        'below',
      ),
    ],
    [
      'versions that do not exist',
      withRules({ versions: { from: '3.0', below: '2.0' } }),
      reject('INVALID_REQUEST', 'No version is from 3.0 on and before 2.0.', 'rules', 'versions'),
    ],
    [
      'the days without a contact',
      withRules({ deactivateUnseenAfter: 'P1M' }),
      reject(
        'TERM_INVALID',
        'deactivateUnseenAfter must be a number of days like P90D, from P1D to P365D, or null. It is "P1M".',
        'rules',
        'deactivateUnseenAfter',
      ),
    ],
    [
      'too many entitlements',
      { entitlements: manyEntitlements(101) },
      reject('INVALID_REQUEST', 'A policy has at most 100 entitlements, not 101.', 'entitlements'),
    ],
    [
      'the code of an entitlement',
      { entitlements: [entitled('export'), entitled('Export all')] },
      reject(
        'INVALID_REQUEST',
        '"Export all" is not an entitlement’s code: up to 64 of A–Z, a–z, 0–9 and _ . - :, the first one a letter.',
        'entitlements',
        1,
        'code',
      ),
    ],
    [
      'an entitlement that is named twice',
      { entitlements: [entitled('export'), entitled('import'), entitled('export')] },
      reject('INVALID_REQUEST', 'The entitlement export is named twice.', 'entitlements', 2, 'code'),
    ],
    [
      'the end of an entitlement',
      { entitlements: [entitled('export'), entitled('import', 'never')] },
      reject('TERM_INVALID', 'never is not an instant like 2026-01-31T00:00:00.000Z.', 'entitlements', 1, 'until'),
    ],
  ])('%s', (_, changed, refusal) => {
    expect(refuseContent({ ...content, ...changed })).toEqual(refusal);
  });
});

test.each<readonly [string, Partial<PolicyContent>]>([
  ['100 entitlements', { entitlements: manyEntitlements(100) }],
  ['100 meters', { limits: { ...limits, meters: metersUpTo(100) } }],
  ['an entitlement with an end', { entitlements: [entitled('export', noon)] }],
  ['devices that are deactivated after 90 days without a contact', withRules({ deactivateUnseenAfter: 'P90D' })],
  ['maintenance for the term', withRules({ maintenance: 'TERM' })],
  ['meters with overages of their own', withRules({ meterRules: { builds: { overage: { kind: 'ALWAYS' } } } })],
])('A policy with %s is accepted', (_, changed) => {
  expect(refuseContent({ ...content, ...changed })).toBe(null);
});
