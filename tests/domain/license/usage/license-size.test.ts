import { expect, test } from 'vitest';
import type { PinnedPolicy } from '../../../../src/domain/license/policy.ts';
import { licenseSize } from '../../../../src/domain/license/usage/license-size.ts';
import { policyWith } from '../commands.ts';

const size = (limits: object, policy: Partial<PinnedPolicy> = {}) =>
  licenseSize({ limits: { activations: 0, seats: 0, users: 0, meters: {}, ...limits }, policy: policyWith(policy) });

test('A license is as large as what it allows most: devices, seats or users, with their overage', () => {
  expect(size({}).devices).toBe(0);
  expect(size({ activations: 3, seats: 9, users: 5 }).devices).toBe(9);
  expect(size({ activations: 10 }, { overage: { kind: 'RATIO', percent: 125 } }).devices).toBe(12);
});

test('A license without a limit counts as one of 1,000, or of its limit when that is higher', () => {
  const overage = { kind: 'ALWAYS' } as const;
  expect(size({ activations: 5 }, { overage }).devices).toBe(1_000);
  expect(size({ activations: 5_000 }, { overage }).devices).toBe(5_000);
});

test('A license with an unlimited limit counts as one of 1,000, or of its highest number when that is more', () => {
  for (const kind of ['activations', 'seats', 'users']) expect(size({ [kind]: 'unlimited' }).devices).toBe(1_000);
  expect(size({ activations: 'unlimited', seats: 5_000 }).devices).toBe(5_000);
  expect(size({ activations: 5_000, users: 'unlimited' }, { overage: { kind: 'ALWAYS' } }).devices).toBe(5_000);
  const overage = { kind: 'RATIO', percent: 150 } as const;
  expect(size({ seats: 'unlimited', users: 2_000 }, { overage }).devices).toBe(3_000);
  expect(size({ meters: { builds: 'unlimited' } }).devices).toBe(0);
});

test('Heartbeats come as often as the policy says, and at most every second', () => {
  expect(size({}, { heartbeatSeconds: 30 }).heartbeatSeconds).toBe(30);
  expect(size({}).heartbeatSeconds).toBe(120);
  expect(size({}, { heartbeatSeconds: 0 }).heartbeatSeconds).toBe(1);
});
