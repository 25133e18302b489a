import { expect, test } from 'vitest';
import { inactiveBefore, validationsKnownFrom } from '../../../../src/domain/license/validation/inactivity.ts';

const now = '2026-03-31T12:00:00.000Z';

test('A license is inactive when it was last validated more than 30 days ago', () => {
  expect(inactiveBefore(now)).toBe('2026-03-01T12:00:00.000Z');
});

test('An earlier instant of the caller counts, and a later one does not', () => {
  const earlier = '2026-02-01T00:00:00.000Z';
  expect(inactiveBefore(now, earlier)).toBe(earlier);
  expect(inactiveBefore(now, '2026-03-30T00:00:00.000Z')).toBe('2026-03-01T12:00:00.000Z');
});

test('Validations of the last 400 days are known', () => {
  expect(validationsKnownFrom(now)).toBe('2025-02-24T12:00:00.000Z');
});
