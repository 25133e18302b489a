import { describe, expect, test } from 'vitest';
import type { PolicyVersion } from '../../../src/domain/catalog/events.ts';
import { contentAfter, contentOfTier } from '../../../src/domain/catalog/policy-changes.ts';
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
