import { expect, test } from 'vitest';
import { refuseNewUser, signupModes } from '../../../src/domain/organization/signup-mode.ts';

test.each([
  ['closed', 'signup', true],
  ['closed', 'invitation', true],
  ['invited', 'signup', true],
  ['invited', 'invitation', false],
  ['open', 'signup', false],
  ['open', 'invitation', false],
] as const)('In the mode %s a new user by %s is refused: %s', (mode, way, isRefused) => {
  expect(refuseNewUser(mode, way)?.rejected).toBe(isRefused ? 'SIGNUP_CLOSED' : undefined);
});

test('Every refusal says whom to ask', () => {
  const refusals = signupModes.flatMap((mode) => [refuseNewUser(mode, 'signup'), refuseNewUser(mode, 'invitation')]);
  const details = refusals.flatMap((refusal) => (refusal === null ? [] : [refusal.detail]));
  expect(details).toHaveLength(3);
  for (const detail of details) expect(detail).toMatch(/operator|OWNER or ADMIN/);
});
