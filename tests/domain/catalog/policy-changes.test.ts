import { describe, expect, test } from 'vitest';
import type { PolicyVersion } from '../../../src/domain/catalog/events.ts';
import { contentAfter, contentOfTier, type PolicyChange } from '../../../src/domain/catalog/policy-changes.ts';
import { builtInDefaults, builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';

const { policyId: _policyId, version: _version, ...proRules } = builtInPolicy('PRO', 'pol_1');
const last: PolicyVersion = {
  name: 'Team',
  policy: builtInPolicy('PRO', 'pol_1'),
  products: ['local_cli'],
  term: { basis: 'PERPETUAL' },
  limits: { activations: 5, seats: 0, users: 0, meters: { api_calls: 10 } },
  entitlements: [{ code: 'export', value: null, limit: 100, until: null, source: 'tier' }],
};

describe('a new policy', () => {
  test('is the built-in policy of its tier by default', () => {
    const { limits, entitlements } = builtInDefaults.PRO;
    expect(contentOfTier('PRO', 'Team', {})).toMatchObject({ name: 'Team', products: [], rules: proRules, limits });
    expect(contentOfTier('PRO', 'Team', {}).entitlements).toEqual(entitlements);
  });
  test('gives its entitlements the source trial when it is a trial', () => {
    const entitlements = [{ code: 'export', value: null, limit: null, until: null }];
    expect(contentOfTier('TRIAL', 'Try', { entitlements }).entitlements).toEqual([
      { ...entitlements[0], source: 'trial' },
    ]);
  });
});

describe('the next version of a policy', () => {
  test('is the last version by default', () => {
    const { policy: _policy, ...rest } = last;
    expect(contentAfter(last, {})).toEqual({ ...rest, rules: proRules });
  });
  test('changes one limit and keeps the others; meters are replaced whole', () => {
    expect(contentAfter(last, { limits: { activations: 7 } }).limits).toEqual({ ...last.limits, activations: 7 });
    expect(contentAfter(last, { limits: { meters: { builds: 1 } } }).limits.meters).toEqual({ builds: 1 });
  });
  test('changes one part of a rule and keeps the others', () => {
    const { rules } = contentAfter(last, { deactivation: { maxPerTerm: 3 }, lease: { ttlSeconds: 60 } });
    expect(rules.deactivation).toEqual({ ...last.policy.deactivation, maxPerTerm: 3 });
    expect(rules.lease).toEqual({ ...last.policy.lease, ttlSeconds: 60 });
  });
  test('leaves out optional rules without effect', () => {
    const bound = contentAfter(last, { checkInSeconds: 60, versions: { from: '2.0' }, userRequired: true }).rules;
    expect(bound).toMatchObject({ checkInSeconds: 60, versions: { from: '2.0', below: null }, userRequired: true });
    const silent = {
      ...{ checkInSeconds: null, environment: null, versions: null },
      ...{ versionRequired: false, environmentRequired: false, userRequired: false, releasedAtRequired: false },
    };
    expect(contentAfter(last, silent).rules).toEqual(proRules);
    expect(contentAfter(last, { versions: { from: null, below: null } }).rules).toEqual(proRules);
  });
});

describe('an optional rule of a policy', () => {
  const versions = { from: '2.0', below: null };
  test.each<[keyof PolicyChange, unknown, unknown, object]>([
    ['renewUntilSeconds', 86_400, null, {}],
    ['renewalDuration', 'P1Y', null, {}],
    ['renewalBasis', 'FROM_NOW', null, {}],
    ['checkInSeconds', 60, null, {}],
    ['environment', 'production', null, { environmentRequired: true }],
    ['maintenance', 'TERM', null, {}],
    ['versions', versions, null, { versionRequired: true }],
    ['versions', versions, { from: null }, { versionRequired: true }],
    ['leaseRequired', true, false, {}],
    ['reclaimBorrowed', true, false, {}],
    ['deactivateOnUnassign', true, false, {}],
    ['devicesPerUser', 3, null, {}],
    ['deactivateUnseenAfter', 'P90D', null, {}],
    ['keepAddressPrefix', true, false, {}],
    ['deactivateByKey', 'OWN', 'ANY', {}],
    ['componentCheck', 'TWO', 'NONE', {}],
    ['fingerprintUniqueness', 'POLICY', 'LICENSE', {}],
    ['usagePerMinute', 100, 600, {}],
    ['trialDays', 'KEEP', 'DROP', {}],
    ['trialAddressIgnores', ['TAG'], [], {}],
  ])('%s is %j, stays in later versions, and %j removes it', (rule, value, withoutEffect, required) => {
    const { rules } = contentAfter(last, { [rule]: value });
    expect(rules).toStrictEqual({ ...proRules, [rule]: value, ...required });
    const next = { ...last, policy: { ...rules, policyId: 'pol_1', version: 2 } };
    expect(contentAfter(next, { name: 'Team 2' }).rules).toStrictEqual(rules);
    expect(contentAfter(next, { [rule]: withoutEffect }).rules).toStrictEqual(proRules);
    expect(contentAfter(last, { [rule]: withoutEffect }).rules).toStrictEqual(proRules);
  });

  test('that ignores variations of an address lists them in one order, so another order is no other version', () => {
    const { rules } = contentAfter(last, { trialAddressIgnores: ['CASE', 'TAG'] });
    expect(rules).toStrictEqual({ ...proRules, trialAddressIgnores: ['TAG', 'CASE'] });
  });
});

describe('the rules of meters', () => {
  const meters = { api_calls: 10, builds: 5, exports: 1 };
  const overage = { kind: 'ALWAYS' } as const;
  const changed = contentAfter(last, {
    limits: { meters, meterRules: { api_calls: { resets: 'P1M' }, builds: { resets: 'TERM', overage }, exports: {} } },
  });
  const next = { ...last, ...changed, policy: { ...changed.rules, policyId: 'pol_1', version: 2 } };

  test('leave out what has no effect', () => {
    expect(changed.limits).toStrictEqual({ ...last.limits, meters });
    expect(changed.rules).toStrictEqual({
      ...proRules,
      meterRules: { api_calls: { resets: 'P1M' }, builds: { overage } },
    });
    const silent = { meters, meterRules: { builds: { resets: 'TERM' } } } as const;
    expect(contentAfter(last, { limits: silent }).rules).toStrictEqual(proRules);
  });
  test('stay when another limit changes', () => {
    expect(contentAfter(next, { limits: { seats: 1 } }).rules).toStrictEqual(changed.rules);
    expect(contentAfter(last, { limits: { seats: 1 } }).rules).toStrictEqual(proRules);
  });
  test('are replaced with the meters', () => {
    expect(contentAfter(next, { limits: { meters } }).rules).toStrictEqual(proRules);
    const daily = { builds: { resets: 'P1D' } } as const;
    const { rules } = contentAfter(next, { limits: { meters, meterRules: daily } });
    expect(rules).toStrictEqual({ ...proRules, meterRules: daily });
  });
});
