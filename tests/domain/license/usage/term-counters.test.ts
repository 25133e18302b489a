import { describe, expect, test } from 'vitest';
import { countedPeriod, countersOf, isAfterEnd, resetsAt } from '../../../../src/domain/license/usage/term-counters.ts';
import { command, followedBy } from '../commands.ts';
import { expiresAt, issued, licenseAfter, noon, on, renewedEvent, tomorrow } from '../examples.ts';

const [nextYear, yearAfter] = ['2028-01-01T00:00:00.000Z', '2029-01-01T00:00:00.000Z'];
const renewed = (startsAt: string, termNumber: number) => on(noon, renewedEvent({ startsAt, termNumber }));
const startsOf = (...history: readonly ReturnType<typeof on>[]) => licenseAfter(issued(), ...history).facts.nextTerms;

test.each<[string, readonly (readonly string[])[]]>([
  ['the start of one renewed term', [[expiresAt], [expiresAt]]],
  [
    'the starts of several renewed terms in their order',
    [
      [expiresAt, nextYear],
      [expiresAt, nextYear],
    ],
  ],
  ['one start once, however often a log names it', [[expiresAt, expiresAt], [expiresAt]]],
  [
    'no start after the one that a log names last',
    [
      [expiresAt, yearAfter, nextYear],
      [expiresAt, nextYear],
    ],
  ],
  ['no start when the last term began with its renewal', [[expiresAt, noon], []]],
  ['no start that had passed when the renewal was recorded', [[expiresAt, '2026-05-01T00:00:00.000Z'], []]],
])('Counters that go on for the running term know %s', (_, [starts = [], expected]) => {
  expect(startsOf(...starts.map((startsAt, index) => renewed(startsAt, index + 2)))).toEqual(expected);
});

test('Counters begin anew at a start that has come, and know the starts after it', () => {
  const history = [renewed(tomorrow, 2), renewed(nextYear, 3)];
  const deactivated = on(tomorrow, {
    type: 'ActivationDeactivated',
    data: { activationId: 'act_a', cause: 'USER', countAfter: 0 },
  });
  expect(startsOf(...history, deactivated)).toEqual([nextYear]);
});

test.each([
  ['after the renewed term has begun', '2027-06-01T00:00:00.000Z', [expiresAt]],
  ['to the instant at which it would begin', expiresAt, []],
])('An end that is moved %s keeps the start of a renewed term only if it comes', (_, to, expected) => {
  const moved = followedBy([issued(), renewed(expiresAt, 2)], command('ChangeExpiry', { to, reasonCode: 'GOODWILL' }));
  expect(licenseAfter(...moved).facts.nextTerms).toEqual(expected);
});

describe('At the instant itself', () => {
  const before = '2026-12-31T23:59:59.999Z';
  const facts = { ...licenseAfter(issued()).facts, nextTerms: [nextYear, yearAfter] };

  test('a term that starts resets no more', () => {
    expect(resetsAt(facts, before)).toBe(nextYear);
    expect(resetsAt(facts, nextYear)).toBe(yearAfter);
    expect(resetsAt(facts, yearAfter)).toBe(null);
  });

  test('a term has ended', () => {
    expect(isAfterEnd(facts, expiresAt)).toBe(true);
    expect(isAfterEnd({ term: { ...facts.term, expiresAt: yearAfter } }, nextYear)).toBe(false);
    expect(isAfterEnd({ term: { ...facts.term, expiresAt: null } }, yearAfter)).toBe(false);
  });

  test('usage counts for the term that starts', () => {
    const period = (at: string) => countedPeriod(facts, 'builds', at).periodStart;
    expect([period(before), period(nextYear), period(yearAfter)]).toEqual([facts.term.startsAt, nextYear, yearAfter]);
  });

  test('a new term takes over the use since the end of the last one, and begins at 0 anywhere else', () => {
    const used = { ...facts, metersAfterEnd: { builds: 3 } };
    expect(countersOf(used, expiresAt, expiresAt).usage.meters).toEqual({ builds: 3 });
    expect(countersOf(used, before, expiresAt).usage.meters).toEqual({});
  });
});
