import { describe, expect, test } from 'vitest';
import { decide } from '../../../../src/domain/license/decide.ts';
import { builtInDefaults, builtInPolicy } from '../../../../src/domain/license/issue/built-in-policies.ts';
import type { PinnedPolicy, Tier } from '../../../../src/domain/license/policy.ts';
import { parseDuration } from '../../../../src/domain/time.ts';
import { testEventIds } from '../../../support/event-ids.ts';
import { issue } from '../examples.ts';

const tiers: Tier[] = ['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'];

describe('built-in policies', () => {
  test('PRO has exactly these rules', () => {
    const pro: PinnedPolicy = {
      policyId: 'pol_1',
      version: 1,
      tier: 'PRO',
      type: 'SUBSCRIPTION',
      expiryStrategy: 'RESTRICT',
      expiryGraceSeconds: 0,
      validationTtlSeconds: 86_400,
      offlineGraceSeconds: 259_200,
      overage: { kind: 'NONE' },
      limitStrategy: 'ALLOW_OVER',
      deactivation: { allowed: true, cooldownSeconds: 0, maxPerTerm: null },
      fingerprintMatching: 'EXACT',
      fingerprintRequired: false,
      productRequired: false,
      lease: { scope: 'MACHINE', ttlSeconds: 360, resurrectSeconds: 0, borrowMaxSeconds: 0 },
      heartbeatSeconds: null,
      remindBefore: ['P30D', 'P7D', 'P1D'],
      trialEnd: 'EXPIRE',
      reinstateOnPayment: true,
      transferable: true,
      deviceNamesByKey: false,
    };
    expect(builtInPolicy('PRO', 'pol_1')).toEqual(pro);
  });

  test('a trial becomes FREE, unless its issuer says otherwise', () => {
    expect(builtInPolicy('TRIAL', 'pol_1')).toMatchObject({ type: 'TRIAL', trialEnd: 'DOWNGRADE' });
  });

  test.each(tiers)('%s can be issued with its defaults', (tier) => {
    const { term, limits, entitlements } = builtInDefaults[tier];
    const policy = builtInPolicy(tier, 'pol_1');
    const command = issue({ policy, term: { ...term, startsAt: null }, limits, entitlements });
    expect(decide(command, { kind: 'unissued' }, testEventIds)).toMatchObject([
      { data: { policy: { tier } } },
      { type: 'LicenseKeyIssued' },
    ]);
  });

  test.each(tiers)('%s reminds at durations, is offline between a day and a week, and has no fractions', (tier) => {
    const { offlineGraceSeconds, remindBefore, ...policy } = builtInPolicy(tier, 'pol_1');
    expect(remindBefore.map(parseDuration)).not.toContain(null);
    expect(offlineGraceSeconds).toBeGreaterThanOrEqual(86_400);
    expect(offlineGraceSeconds).toBeLessThanOrEqual(604_800);
    expect(Object.values(policy).filter((value) => typeof value === 'number' && !Number.isSafeInteger(value))).toEqual(
      [],
    );
  });
});
