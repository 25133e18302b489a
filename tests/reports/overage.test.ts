import { describe, expect, test } from 'vitest';
import { capacity } from '../../src/domain/license/usage/usage-limits.ts';
import { followedBy, policyWith } from '../domain/license/commands.ts';
import { activate, activated, given, issued, twoDevices } from '../domain/license/examples.ts';
import { answer } from '../domain/license/validation/validation-examples.ts';

const ratio = (percent: number) => ({ kind: 'RATIO', percent }) as const;

describe('an overage in percent is rounded down', () => {
  test.each([
    ['110 percent of 5 devices are 5', 5, 110, 5],
    ['125 percent of 5 devices are 6, not 7', 5, 125, 6],
    ['150 percent of 3 devices are 4, not 5', 3, 150, 4],
    ['101 percent of 1 device is 1, not 2', 1, 101, 1],
    ['125 percent of 4 devices are 5', 4, 125, 5],
    ['150 percent of no device are none', 0, 150, 0],
    ['it is never below the limit', 5, 50, 5],
    ['it is exact for large limits', Number.MAX_SAFE_INTEGER, 100, Number.MAX_SAFE_INTEGER],
  ])('%s', (_, limit, percent, most) => expect(capacity(limit, ratio(percent))).toBe(most));

  test('so the device above it is refused', () => {
    const policy = policyWith({ overage: ratio(150) });
    const three = [issued({ policy, limits: { ...twoDevices, activations: 3 } })];
    const full = followedBy(three, activate('a'), activate('b'), activate('c'), activate('d'));
    given(...full)
      .when(activate('e'))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });

  test('and the devices that an earlier release allowed stay valid', () => {
    const policy = policyWith({ overage: ratio(150), limitStrategy: 'REJECT' });
    const limits = { ...twoDevices, activations: 3 };
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const history = (count: number) => [
      issued({ policy, limits }),
      ...names.slice(0, count).map((name, index) => activated(name, index + 1)),
    ];
    expect(answer(history(5))).toMatchObject({ valid: true, code: 'VALID_OVERAGE' });
    expect(answer(history(6))).toMatchObject({ valid: false, code: 'TOO_MANY_ACTIVATIONS' });
  });
});
