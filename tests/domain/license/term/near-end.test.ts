import { expect, test } from 'vitest';
import type { LicenseFacts } from '../../../../src/domain/license/license.ts';
import { isExpiring, nearEndFrom } from '../../../../src/domain/license/term/decide-reminders.ts';
import { policyWith } from '../commands.ts';
import { expiresAt, issued, justBeforeExpiry, licenseAfter, perpetual } from '../examples.ts';

const factsOf = (data: Parameters<typeof issued>[0] = {}): LicenseFacts => licenseAfter(issued(data)).facts;
const firstReminder = '2026-12-02T00:00:00.000Z';

test('A license is expiring from the first reminder of its policy until the end of its term', () => {
  const facts = factsOf();
  expect(nearEndFrom(facts)).toBe(firstReminder);
  const instants = ['2026-12-01T23:59:59.999Z', firstReminder, justBeforeExpiry, expiresAt];
  expect(instants.map((at) => isExpiring(facts, at))).toEqual([false, true, true, false]);
});

test('It is also expiring when the reminder was sent, or the expiry was set after its instant', () => {
  const facts = { ...factsOf(), reminded: ['P30D'], expirySetAt: '2026-12-20T00:00:00.000Z' };
  expect(nearEndFrom(facts)).toBe(firstReminder);
});

test('It is not expiring while it is suspended or revoked', () => {
  const suspension = { reasonCode: 'PAYMENT', since: firstReminder, until: null } as const;
  expect(isExpiring({ ...factsOf(), suspension }, justBeforeExpiry)).toBe(false);
  expect(isExpiring({ ...factsOf(), revokedAt: firstReminder }, justBeforeExpiry)).toBe(false);
});

test('A reminder that is longer than the term does not count', () => {
  const facts = factsOf();
  const short = { ...facts, term: { ...facts.term, startsAt: '2026-12-20T00:00:00.000Z' } };
  expect(nearEndFrom(short)).toBe('2026-12-25T00:00:00.000Z');
});

test('A license without an end, or without reminders, is never expiring', () => {
  expect(nearEndFrom(factsOf({ term: perpetual }))).toBeNull();
  expect(nearEndFrom(factsOf({ policy: policyWith({ remindBefore: [] }) }))).toBeNull();
});
