import { expect, test } from 'vitest';
import { changedLimits } from '../../../../src/domain/license/usage/usage-limits.ts';

const limits = { activations: 3, seats: 5, users: 7, meters: { api_calls: 1_000, exports: 10 } };

test('Limits that a change does not name stay as they are', () => {
  expect(changedLimits(limits, {})).toEqual(limits);
});

test('A change sets each limit independently, also to 0', () => {
  expect(changedLimits(limits, { activations: 0 })).toEqual({ ...limits, activations: 0 });
  expect(changedLimits(limits, { seats: 6 })).toEqual({ ...limits, seats: 6 });
  expect(changedLimits(limits, { users: 8 })).toEqual({ ...limits, users: 8 });
});

test('A change sets, adds and removes meters and keeps the others', () => {
  const { meters } = changedLimits(limits, { meters: { exports: null, imports: 20, api_calls: 0 } });
  expect(meters).toEqual({ api_calls: 0, imports: 20 });
  expect(changedLimits(limits, { meters: { exports: 11 } }).meters).toEqual({ api_calls: 1_000, exports: 11 });
});
