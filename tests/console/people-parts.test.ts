import { expect, test } from 'vitest';
import { codesIn, expiryIn, isInForce, isOverlapping, keysLeft } from '../../src/console/screens/people/key-state.ts';
import { roleInWords, scopeInWords } from '../../src/console/screens/people/rights-in-words.ts';
import { browserIn } from '../../src/console/screens/people/user-agents.ts';
import { roles, scopes } from '../../src/domain/organization/events.ts';

test('Every role and every scope is explained, each in its own words', () => {
  const explained = [...roles.map(roleInWords), ...scopes.map(scopeInWords)];
  expect(explained.filter((text) => !text.startsWith('May '))).toEqual([]);
  expect(new Set(explained).size).toBe(explained.length);
  expect(roleInWords('OWNER')).toBe('May do everything.');
  expect(roleInWords('ADMIN')).toBe('May do everything but this: close the organization.');
  expect(roleInWords('GUEST')).toBe('May see projects.');
});

test('A key is in force until it is revoked or expires', () => {
  const now = Date.parse('2027-01-31T12:00:00.000Z');
  const later = expiryIn('1', now);
  const key = { revokedAt: null, expiresAt: later, overlapUntil: later };
  expect(later).toBe('2027-02-01T12:00:00.000Z');
  expect([isInForce(key, now), isOverlapping(key, now)]).toEqual([true, true]);
  expect([isInForce(key, Date.parse(String(later))), isOverlapping({ ...key, overlapUntil: null }, now)]).toEqual([
    false,
    false,
  ]);
  expect(isInForce({ ...key, revokedAt: later }, now)).toBe(false);
  expect(expiryIn('never', now)).toBeNull();
});

test('A removal that revokes keys says how many it left, and others say nothing', () => {
  const now = Date.parse('2027-01-31T12:00:00.000Z');
  const [inForce, revoked, expired] = [
    { revokedAt: null, expiresAt: null },
    { revokedAt: '2027-01-31T12:00:00.000Z', expiresAt: null },
    { revokedAt: null, expiresAt: '2027-01-01T00:00:00.000Z' },
  ];
  expect(keysLeft([revoked, inForce, inForce, expired], now)).toBe(2);
  expect([keysLeft([revoked], now), keysLeft([inForce], now), keysLeft([], now)]).toEqual([0, 0, 0]);
});

test('Codes of products have commas between them, and none means all', () => {
  expect([codesIn(' one, two,one, '), codesIn(' '), codesIn(null)]).toEqual([['one', 'two'], null, null]);
});

test('A session is named by its browser and system, or by its program', () => {
  const chrome =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
  expect([browserIn(chrome), browserIn(`${chrome} Edg/140.0`), browserIn('curl/8'), browserIn(null)]).toEqual([
    'Chrome, Linux',
    'Edge, Linux',
    'curl',
    null,
  ]);
});
