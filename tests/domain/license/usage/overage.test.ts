import { describe, expect, test } from 'vitest';
import { capacity, keptCapacity } from '../../../../src/domain/license/usage/usage-limits.ts';
import { event, followedBy, policyWith } from '../commands.ts';
import { activate, activated, activatedEvent, given, issued, licenseAfter, twoDevices } from '../examples.ts';

const ratio = (percent: number) => ({ kind: 'RATIO', percent }) as const;

describe('overage', () => {
  test.each([
    [0, { kind: 'NONE' }, 0],
    [5, { kind: 'NONE' }, 5],
    [5, ratio(100), 5],
    [5, ratio(125), 6],
    [4, ratio(125), 5],
    [5, ratio(150), 7],
    [1, ratio(101), 1],
    [0, ratio(200), 0],
    [Number.MAX_SAFE_INTEGER, ratio(100), Number.MAX_SAFE_INTEGER],
    [5, ratio(50), 5],
    [0, { kind: 'ALWAYS' }, Number.POSITIVE_INFINITY],
  ] as const)('of %i with %j lets %i be in use: rounded down, in whole numbers', (limit, overage, expected) => {
    expect(capacity(limit, overage)).toBe(expected);
  });
  test.each([
    [5, { kind: 'NONE' }, 5],
    [5, ratio(125), 7],
    [4, ratio(125), 5],
    [5, ratio(50), 5],
    [0, { kind: 'ALWAYS' }, Number.POSITIVE_INFINITY],
  ] as const)('of %i with %j leaves a license with %i in use valid', (limit, overage, expected) => {
    expect(keptCapacity(limit, overage)).toBe(expected);
  });
  test('allows devices above the limit and marks the event', () => {
    const full = [issued({ policy: policyWith({ overage: ratio(150) }) }), activated('a', 1), activated('b', 2)];
    const third = { ...activatedEvent('c', 3).data, overage: true };
    given(...full)
      .when(activate('c'))
      .thenEvents(event('ActivationRecorded', third));
    given(...followedBy(full, activate('c')))
      .when(activate('d'))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });
  test('ALWAYS refuses no device', () => {
    const policy = policyWith({ overage: { kind: 'ALWAYS' } });
    const history = followedBy(
      [issued({ policy, limits: { ...twoDevices, activations: 0 } })],
      activate('a'),
      activate('b'),
    );
    expect(licenseAfter(...history).facts.usage.activations).toBe(2);
  });
});
