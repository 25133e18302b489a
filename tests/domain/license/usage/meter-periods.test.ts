import { describe, expect, test, vi } from 'vitest';
import { licenseDecider } from '../../../../src/domain/license/decider.ts';
import { calendarPeriod } from '../../../../src/domain/license/usage/meter-periods.ts';
import type { MeterRule } from '../../../../src/domain/license/usage/meter-rules.ts';
import { meterResetsAt, ownPeriod, usageAt } from '../../../../src/domain/license/usage/term-counters.ts';
import { viewOfFacts } from '../../../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../../../src/domain/license/validation/validity.ts';
import { plusSeconds } from '../../../../src/domain/time.ts';
import { oneUse } from '../../../support/one-use.ts';
import { command, followedBy, policyWith, to } from '../commands.ts';
import { expiresAt, given, issued, issuedAt, licenseAfter, oneYear, perpetual, renew } from '../examples.ts';

const [june, july] = ['2026-06-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z'];
const on = (day: string) => `2026-06-${day}T12:00:00.000Z`;
const limits = { activations: 2, seats: 0, users: 0, meters: { builds: 100 } };
const metered = (rule: MeterRule, more: object = {}) =>
  issued({ policy: policyWith({ expiryStrategy: 'ALLOW', meterRules: { builds: rule } }), limits, ...more });
const use = (quantity: number, at: string) =>
  command('RecordUsage', oneUse({ meter: 'builds', quantity, usageId: `${at} ${quantity}`, occurredAt: at }), at);
const usedAt = (history: ReturnType<typeof followedBy>, at: string) =>
  usageAt(licenseAfter(...history).facts, at).meters.builds ?? 0;
const justBefore = (instant: string) => plusSeconds(instant, -0.001);

describe('A period of the calendar', () => {
  test.each([
    [
      'of a day that the month lacks ends on its last day',
      '2026-01-31T10:00:00.000Z',
      'P1M',
      '2026-02-10T00:00:00.000Z',
      'UTC',
      ['2026-01-31T10:00:00.000Z', '2026-02-28T10:00:00.000Z'],
    ],
    [
      'returns to its day in the next month',
      '2026-01-31T10:00:00.000Z',
      'P1M',
      '2026-03-10T00:00:00.000Z',
      'UTC',
      ['2026-02-28T10:00:00.000Z', '2026-03-31T10:00:00.000Z'],
    ],
    [
      'moves forward where the clock skips its start, on that day alone',
      '2026-03-07T07:30:00.000Z',
      'P1D',
      '2026-03-08T12:00:00.000Z',
      'America/New_York',
      ['2026-03-08T07:30:00.000Z', '2026-03-09T06:30:00.000Z'],
    ],
    [
      'of a year from 29 February ends on 28 February',
      '2024-02-29T00:00:00.000Z',
      'P1Y',
      '2025-06-01T00:00:00.000Z',
      'UTC',
      ['2025-02-28T00:00:00.000Z', '2026-02-28T00:00:00.000Z'],
    ],
    [
      'contains its start',
      june,
      'P1W',
      '2026-06-08T00:00:00.000Z',
      'UTC',
      ['2026-06-08T00:00:00.000Z', '2026-06-15T00:00:00.000Z'],
    ],
    [
      'is the first one before its start',
      june,
      'P1W',
      '2026-01-01T00:00:00.000Z',
      'UTC',
      [june, '2026-06-08T00:00:00.000Z'],
    ],
    [
      'has no end beyond the last year',
      '9999-11-15T00:00:00.000Z',
      'P1M',
      '9999-12-20T00:00:00.000Z',
      'UTC',
      ['9999-12-15T00:00:00.000Z', null],
    ],
    [
      'begins at its start where the clock repeats that hour',
      '2026-10-25T01:30:00.000Z',
      'P1D',
      '2026-10-25T12:00:00.000Z',
      'Europe/Berlin',
      ['2026-10-25T01:30:00.000Z', '2026-10-26T01:30:00.000Z'],
    ],
  ] as const)('%s', (_, anchor, resets, at, timeZone, [from, until]) => {
    expect(calendarPeriod(anchor, resets, at, timeZone)).toEqual({ from, until });
  });

  test('is computed once, whatever instants of it are shown and however many meters have it', () => {
    const calendar = vi.spyOn(Intl.DateTimeFormat.prototype, 'formatToParts');
    const periodAt = (at: string) => calendarPeriod('2026-01-31T09:00:00.000Z', 'P1M', at, 'Europe/Berlin');
    const march = periodAt('2026-03-10T00:00:00.000Z');
    const computed = calendar.mock.calls.length;
    expect(computed).toBeGreaterThan(0);
    expect(march).toEqual({ from: '2026-02-28T09:00:00.000Z', until: '2026-03-31T08:00:00.000Z' });
    expect([periodAt(march.from), periodAt('2026-03-31T07:59:59.999Z')]).toEqual([march, march]);
    expect(calendar.mock.calls.length).toBe(computed);
    // Other periods are computed, the previous one too.
    expect(periodAt('2026-03-31T08:00:00.000Z')).toMatchObject({ from: march.until });
    expect(periodAt('2026-02-28T08:59:59.999Z')).toMatchObject({ until: march.from });
    calendar.mockRestore();
  });

  test.each([
    ['before its start', '2026-02-28T09:00:00.000Z', '2026-02-27T00:00:00.000Z', '2026-02-26T00:00:00.000Z'],
    ['without an end', '9999-11-30T09:00:00.000Z', '9999-12-30T12:00:00.000Z', '9999-12-31T00:00:00.000Z'],
  ])('%s is computed once, too, and also when another license needs its own in between', (_, anchor, one, other) => {
    const calendar = vi.spyOn(Intl.DateTimeFormat.prototype, 'formatToParts');
    const first = calendarPeriod(anchor, 'P1M', one, 'Europe/Vienna');
    calendarPeriod('2026-01-31T09:00:00.000Z', 'P1M', '2026-03-10T00:00:00.000Z', 'Europe/Vienna');
    const computed = calendar.mock.calls.length;
    expect(calendarPeriod(anchor, 'P1M', other, 'Europe/Vienna')).toEqual(first);
    expect(calendar.mock.calls.length).toBe(computed);
    calendar.mockRestore();
  });
});

describe('The period of a meter', () => {
  const endsIn = '2026-06-20T00:00:00.000Z';
  const short = { ...oneYear, duration: 'P170D', expiresAt: endsIn };
  const lastMonth = { ...short, startsAt: '9999-11-15T00:00:00.000Z', expiresAt: '9999-12-20T00:00:00.000Z' };
  const [monthly, never] = [{ resets: 'P1M' }, { resets: 'NEVER' }] as const;
  const renewed = followedBy([metered(monthly, { term: short })], use(70, on('16')), renew({}, on('17')));

  test.each([
    ['is a month of the term', [metered(monthly)], on('10'), [june, july], july],
    ['of a perpetual license is a month', [metered(monthly, { term: perpetual })], on('10'), [june, july], july],
    ['ends with the last term', [metered(monthly, { term: short })], on('16'), [june, july], endsIn],
    [
      'counts from the end of the last term on',
      [metered(monthly, { term: short })],
      endsIn,
      [endsIn, '2026-07-20T00:00:00.000Z'],
      '2026-07-20T00:00:00.000Z',
    ],
    ['ends where a renewed term starts', renewed, on('18'), [june, endsIn], endsIn],
    ['starts with a renewed term', renewed, on('25'), [endsIn, '2026-07-20T00:00:00.000Z'], '2026-07-20T00:00:00.000Z'],
    [
      'has no end beyond the last year, but the term has',
      [metered(monthly, { term: lastMonth })],
      '9999-12-16T00:00:00.000Z',
      ['9999-12-15T00:00:00.000Z', null],
      lastMonth.expiresAt,
    ],
    ['that never resets is the life of the license', [metered(never)], on('10'), [issuedAt, null], null],
    ['that never resets goes on after the end', [metered(never)], expiresAt, [issuedAt, null], null],
  ] as const)('%s', (_, history, at, [from, until], resetsAt) => {
    const { facts } = licenseAfter(...history);
    const { resets = 'TERM' } = facts.policy.meterRules?.builds ?? {};
    expect(ownPeriod(facts, 'builds', at)).toEqual({ resets, from, until });
    expect(meterResetsAt(facts, 'builds', at)).toBe(resetsAt);
  });

  const calendarMonth = { resets: 'P1M', from: june, until: july };
  const [weekBefore, weekAfter] = ['2026-05-25T00:00:00.000Z', '2026-06-25T00:00:00.000Z'];
  test.each([
    ['goes on as its events say', { resets: 'P1M', from: weekBefore, until: weekAfter }, 'counted'],
    ['that its events begin with the term goes on', { resets: 'P1M', from: issuedAt, until: weekAfter }, 'counted'],
    ['is that of the calendar after its events end', { resets: 'P1M', from: weekBefore, until: on('10') }, 'calendar'],
    ['is not that of a counter with another rule', { resets: 'P1W', from: weekBefore, until: weekAfter }, 'calendar'],
  ] as const)('%s', (_, counted, expected) => {
    const facts = { ...licenseAfter(metered(monthly)).facts, meterPeriods: { builds: counted } };
    expect(ownPeriod(facts, 'builds', on('10'))).toEqual(expected === 'counted' ? counted : calendarMonth);
  });

  test('does not exist for a meter of the term', () => {
    const { facts } = licenseAfter(...followedBy([metered({})], renew({}, on('11'))));
    expect(ownPeriod(facts, 'builds', on('12'))).toBe(null);
    expect(meterResetsAt(facts, 'builds', on('12'))).toBe(expiresAt);
  });
});

describe('A monthly quota', () => {
  const full = followedBy([metered({ resets: 'P1M' })], use(100, on('10')));

  test('of a yearly license is whole again at the end of the month, without an event', () => {
    expect([usedAt(full, justBefore(july)), usedAt(full, july)]).toEqual([100, 0]);
    given(...full)
      .when(use(101, july))
      .thenRejected('QUOTA_EXCEEDED');
    expect(
      usedAt(followedBy(full, use(40, july), use(60, '2026-07-20T00:00:00.000Z')), '2026-07-31T00:00:00.000Z'),
    ).toBe(100);
  });

  test('says when it is whole again', () => {
    const { facts } = licenseAfter(...full);
    expect(meterResetsAt(facts, 'builds', on('11'))).toBe(july);
    const decision = licenseDecider.decide(use(1, on('11')), licenseAfter(...full), () => 'evt_1');
    expect(decision).toMatchObject({ rejected: 'QUOTA_EXCEEDED', retryAt: july });
  });

  test('of a perpetual license is whole again, too', () => {
    const forEver = followedBy([metered({ resets: 'P1M' }, { term: perpetual })], use(100, on('10')));
    expect([usedAt(forEver, justBefore(july)), usedAt(forEver, july)]).toEqual([100, 0]);
  });

  test('bounds how long a validation is trusted', () => {
    const { facts } = licenseAfter(...followedBy([metered({ resets: 'P1M' })], use(99, '2026-06-30T23:00:00.000Z')));
    const scope = { product: null, fingerprint: null, meters: ['builds'] };
    const { ttlSeconds, offlineGraceUntil } = validate(viewOfFacts(facts), scope, '2026-06-30T23:59:00.000Z');
    // The end of a period makes nothing invalid, so the application may run without the server past it.
    expect([ttlSeconds, offlineGraceUntil]).toEqual([60, '2026-07-03T23:59:00.000Z']);
  });

  test('begins anew at the end of the last term and at the start of a renewed one', () => {
    const odd = { ...oneYear, duration: 'P45D', expiresAt: '2026-02-15T00:00:00.000Z' };
    const used = followedBy([metered({ resets: 'P1M' }, { term: odd })], use(70, '2026-02-10T00:00:00.000Z'));
    expect([usedAt(used, justBefore(odd.expiresAt)), usedAt(used, odd.expiresAt)]).toEqual([70, 0]);
    const late = followedBy(
      used,
      use(30, '2026-02-20T00:00:00.000Z'),
      renew({ duration: 'P1Y' }, '2026-02-21T00:00:00.000Z'),
    );
    expect([usedAt(late, '2026-03-14T00:00:00.000Z'), usedAt(late, '2026-03-15T00:00:00.000Z')]).toEqual([30, 0]);
  });

  test('goes on when the end of the term moves', () => {
    const odd = { ...oneYear, expiresAt: '2026-06-20T00:00:00.000Z' };
    const used = followedBy([metered({ resets: 'P1M' }, { term: odd })], use(70, on('10')));
    const moved = followedBy(used, command('ChangeExpiry', { to: expiresAt, reasonCode: 'GOODWILL' }, on('11')));
    expect([usedAt(used, on('25')), usedAt(moved, on('25')), usedAt(moved, july)]).toEqual([0, 70, 0]);
  });
});

test('A meter that never resets counts through the end of the term and through renewals', () => {
  const ended = followedBy([metered({ resets: 'NEVER' })], use(70, on('10')));
  expect(usedAt(ended, plusSeconds(expiresAt, 86_400))).toBe(70);
  const used = followedBy([metered({ resets: 'NEVER' })], use(70, on('10')), renew({}, on('11')));
  expect(usedAt(used, plusSeconds(expiresAt, 86_400))).toBe(70);
  given(...used)
    .when(use(31, plusSeconds(expiresAt, 1)))
    .thenRejected('QUOTA_EXCEEDED');
});

describe('The rules of a meter', () => {
  test('may allow an overage of their own', () => {
    const own = metered({ overage: { kind: 'RATIO', percent: 120 } });
    expect(usedAt(followedBy([own], use(120, on('10'))), on('10'))).toBe(120);
    given(own)
      .when(use(121, on('10')))
      .thenRejected('QUOTA_EXCEEDED');
  });

  test('begin the counter at 0 when they reset it otherwise, and only then', () => {
    const used = followedBy([metered({ resets: 'P1M' })], use(70, on('10')));
    const change = (meterRules: object) =>
      followedBy(
        used,
        command('ChangeLimits', { limits, overrides: { meterRules: { builds: meterRules } } }, on('11')),
      );
    expect(usedAt(change({ overage: { kind: 'ALWAYS' } }), on('12'))).toBe(70);
    expect(usedAt(change({ resets: 'P1W' }), on('12'))).toBe(0);
    const back = followedBy(
      change({ resets: 'P1W' }),
      command('ChangeLimits', { limits, overrides: { meterRules: { builds: { resets: 'P1M' } } } }, on('12')),
    );
    expect(usedAt(back, on('13'))).toBe(0);
  });

  test('are those of the new policy after a change of the policy, except those that the issuer set', () => {
    const plain = policyWith({ policyId: 'pol_2' });
    const used = followedBy([metered({ resets: 'P1M' })], use(70, on('10')));
    const moved = followedBy(used, command('ChangeTier', { target: to(plain) }, on('11')));
    expect(licenseAfter(...moved).facts.policy.meterRules).toBe(undefined);
    expect(usedAt(moved, on('12'))).toBe(0);
    const own = [metered({}, { overrides: { limits: { meterRules: { builds: { resets: 'P1M' } } } } })];
    const kept = followedBy(own, use(70, on('10')), command('ChangeTier', { target: to(plain) }, on('11')));
    expect([usedAt(kept, on('12')), usedAt(kept, july)]).toEqual([70, 0]);
  });
});
