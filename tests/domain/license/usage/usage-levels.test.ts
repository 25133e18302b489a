import { expect, test } from 'vitest';
import { usageLevel } from '../../../../src/domain/license/usage/usage-levels.ts';
import { type Limit, unlimited } from '../../../../src/domain/license/usage/usage-limits.ts';

const levelOf = (used: number, limit: Limit) => {
  const usage = { activations: used, seats: 0, users: 0, meters: {} };
  return usageLevel({ usage, limits: { activations: limit, seats: 3, users: 0, meters: {} } }, 'ACTIVATIONS');
};

test('A license without devices has the level NONE, unless its limit is 0', () => {
  expect([levelOf(0, 2), levelOf(0, unlimited), levelOf(0, 0), levelOf(1, 2)]).toEqual(['NONE', 'NONE', null, null]);
});

test('A license is at its limit with as many devices, or more', () => {
  expect([levelOf(2, 2), levelOf(3, 2), levelOf(1_000, unlimited)]).toEqual(['AT_LIMIT', 'AT_LIMIT', null]);
});

test('Seats have a level of their own', () => {
  const limits = { activations: 1, seats: 2, users: 0, meters: {} };
  const usage = { activations: 0, seats: 2, users: 0, meters: {} };
  expect(usageLevel({ usage, limits }, 'SEATS')).toBe('AT_LIMIT');
  expect(usageLevel({ usage, limits }, 'ACTIVATIONS')).toBe('NONE');
});
