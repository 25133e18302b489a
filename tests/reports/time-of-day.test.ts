import { describe, expect, test } from 'vitest';
import { addDuration, anchorAt } from '../../src/domain/calendar.ts';
import { fromMs, type Instant, parseDuration, toMs } from '../../src/domain/time.ts';
import { fromWallClock, wallClock } from '../../src/domain/time-zone.ts';
import { followedBy } from '../domain/license/commands.ts';
import { issued, licenseAfter, renew } from '../domain/license/examples.ts';
import { sized } from '../support/size.ts';

// People complained that a renewal which falls into the hour that daylight saving skips moves every later renewal.

/** Returns the ends of the first terms of a license that is renewed for one duration again and again. */
const endsOf = (start: Instant, duration: string, timeZone: string, count: number): readonly Instant[] => {
  const parsed = parseDuration(duration);
  if (parsed === null) throw new Error(`${duration} is no duration.`);
  const ends: Instant[] = [];
  let end = start;
  for (let term = 1; term <= count; term++) {
    end = addDuration(end, parsed, anchorAt(start, end, timeZone), timeZone) ?? '';
    ends.push(end);
  }
  return ends;
};

/** Returns an instant as a clock in the zone shows it. */
const shownIn = (instant: Instant, timeZone: string): string =>
  wallClock(instant, timeZone).toISOString().slice(0, 16).replace('T', ' ');
const instantOf = (clock: string, timeZone: string): Instant =>
  fromMs(fromWallClock(Date.parse(`${clock.replace(' ', 'T')}:00.000Z`), timeZone));

describe('the time of day comes back after the hour that daylight saving skips', () => {
  test.each([
    ['Europe/Vienna', 'P1M', '2027-01-28 02:30', ['2027-02-28 02:30', '2027-03-28 03:30', '2027-04-28 02:30']],
    ['Europe/Vienna', 'P1D', '2027-03-27 02:30', ['2027-03-28 03:30', '2027-03-29 02:30', '2027-03-30 02:30']],
    ['Europe/Vienna', 'P1W', '2027-03-14 02:00', ['2027-03-21 02:00', '2027-03-28 03:00', '2027-04-04 02:00']],
    ['Europe/Vienna', 'P1Y', '2026-03-28 02:30', ['2027-03-28 03:30', '2028-03-28 02:30', '2029-03-28 02:30']],
    ['Europe/Vienna', 'P2M', '2024-01-31 02:30', ['2024-03-31 03:30', '2024-05-31 02:30', '2024-07-31 02:30']],
    ['Europe/Vienna', 'P1M', '2024-01-31 02:30', ['2024-02-29 02:30', '2024-03-31 03:30', '2024-04-30 02:30']],
    ['Africa/Cairo', 'P1M', '2026-03-24 00:00', ['2026-04-24 01:00', '2026-05-24 00:00', '2026-06-24 00:00']],
    ['Africa/Cairo', 'P1M', '2026-03-24 00:30', ['2026-04-24 01:30', '2026-05-24 00:30', '2026-06-24 00:30']],
    ['Asia/Beirut', 'P1M', '2026-02-28 00:00', ['2026-03-28 00:00', '2026-04-28 00:00', '2026-05-28 00:00']],
    ['Asia/Beirut', 'P1M', '2026-01-29 00:00', ['2026-02-28 00:00', '2026-03-29 01:00', '2026-04-29 00:00']],
    ['America/Santiago', 'P1M', '2026-08-06 00:00', ['2026-09-06 01:00', '2026-10-06 00:00', '2026-11-06 00:00']],
    ['America/Santiago', 'P1Y', '2025-09-06 00:15', ['2026-09-06 01:15', '2027-09-06 00:15', '2028-09-06 00:15']],
    ['Australia/Lord_Howe', 'P1M', '2026-09-04 02:10', ['2026-10-04 02:40', '2026-11-04 02:10', '2026-12-04 02:10']],
    ['Pacific/Apia', 'P1M', '2011-11-30 08:00', ['2011-12-31 08:00', '2012-01-30 08:00', '2012-02-29 08:00']],
    ['Pacific/Apia', 'P1D', '2011-12-29 08:00', ['2011-12-31 08:00', '2012-01-01 08:00', '2012-01-02 08:00']],
    ['America/Toronto', 'P1D', '1919-03-29 23:45', ['1919-03-31 00:45', '1919-03-31 23:45', '1919-04-01 23:45']],
  ])('in %s, %s after %s', (timeZone, duration, start, expected) => {
    const ends = endsOf(instantOf(start, timeZone), duration, timeZone, expected.length);
    expect(ends.map((end) => shownIn(end, timeZone))).toEqual(expected);
  });

  test.each([
    [
      'a license of 02:30 in Vienna',
      { timeZone: 'Europe/Vienna', startsAt: '2027-01-28T01:30:00.000Z', expiresAt: '2027-02-28T01:30:00.000Z' },
      ['2027-03-28T01:30:00.000Z', '2027-04-28T00:30:00.000Z', '2027-05-28T00:30:00.000Z'],
    ],
    [
      'a license of midnight in Santiago',
      { timeZone: 'America/Santiago', startsAt: '2026-07-06T04:00:00.000Z', expiresAt: '2026-08-06T04:00:00.000Z' },
      ['2026-09-06T04:00:00.000Z', '2026-10-06T03:00:00.000Z', '2026-11-06T03:00:00.000Z'],
    ],
    [
      'a license whose stored ends moved already goes on from its present end',
      { timeZone: 'Europe/Vienna', startsAt: '2027-02-28T01:30:00.000Z', expiresAt: '2027-04-28T01:30:00.000Z' },
      ['2027-05-28T01:30:00.000Z', '2027-06-28T01:30:00.000Z', '2027-07-28T01:30:00.000Z'],
    ],
  ])('%s is renewed monthly', (_, term, expected) => {
    let history: Parameters<typeof followedBy>[0] = [issued({ term: { basis: 'ISSUE', duration: 'P1M', ...term } })];
    const ends = expected.map(() => {
      history = followedBy(history, renew({ duration: 'P1M' }, '2026-07-07T00:00:00.000Z'));
      return licenseAfter(...history).facts.term.expiresAt;
    });
    expect(ends).toEqual(expected);
  });

  test('a term of hours is not moved: it counts what has passed', () => {
    const start = instantOf('2027-03-27 02:30', 'Europe/Vienna');
    expect(endsOf(start, 'PT24H', 'Europe/Vienna', 3).map(toMs)).toEqual(
      [1, 2, 3].map((days) => toMs(start) + days * msPerDay),
    );
  });

  test('every term of a chain ends where counting all of them from the start ends, in every zone', () => {
    const zones = sized(1, 0) === 1 ? Intl.supportedValuesOf('timeZone') : sampled;
    let gaps = 0;
    for (const timeZone of zones)
      for (const gap of gapsOf(timeZone)) {
        gaps += 1;
        for (const { unit, lead } of chains) {
          const end = clockBefore(gap, timeZone);
          const startMs = unit === 'D' ? end - lead * msPerDay : monthsBefore(end, lead);
          const start = fromMs(fromWallClock(startMs, timeZone));
          // A start that its own zone moves has another time of day.
          if (wallClock(start, timeZone).getTime() !== startMs) continue;
          const step = unit === 'Y' ? 12 : 1;
          const ends = endsOf(start, `P1${unit}`, timeZone, lead / step + 2);
          const counted = ends.map((_, index) => {
            const duration = parseDuration(`P${(index + 1) * step}${unit === 'D' ? 'D' : 'M'}`);
            return duration === null ? null : addDuration(start, duration, undefined, timeZone);
          });
          expect([timeZone, unit, ends]).toEqual([timeZone, unit, counted]);
        }
      }
    expect(gaps).toBeGreaterThan(zones.length / 4);
  });
});

const msPerDay = 86_400_000;
const sampled = ['Europe/Vienna', 'Africa/Cairo', 'Asia/Beirut', 'America/Santiago', 'Australia/Lord_Howe'];
const chains = [
  { unit: 'D', lead: 2 },
  { unit: 'M', lead: 2 },
  { unit: 'Y', lead: 12 },
] as const;

const offsetAt = (ms: number, timeZone: string): number => wallClock(fromMs(ms), timeZone).getTime() - ms;

/** Returns the instants, found without the calendar under test, at which the clock of a zone jumps forward by hours. */
const gapsOf = (timeZone: string): readonly number[] => {
  const gaps: number[] = [];
  for (let day = Date.UTC(2024, 0, 1); day < Date.UTC(2028, 0, 1); day += msPerDay) {
    if (offsetAt(day + msPerDay, timeZone) <= offsetAt(day, timeZone)) continue;
    let [before, after] = [day, day + msPerDay];
    while (after - before > 60_000) {
      const middle = Math.floor((before + after) / 120_000) * 60_000;
      if (offsetAt(middle, timeZone) === offsetAt(before, timeZone)) before = middle;
      else after = middle;
    }
    gaps.push(after);
  }
  return gaps;
};

/** Returns the clock's time in the middle of a gap, which no clock in the zone shows. */
const clockBefore = (gap: number, timeZone: string): number => {
  const [before, after] = [offsetAt(gap - 60_000, timeZone), offsetAt(gap, timeZone)];
  return gap + before + Math.floor((after - before) / 120_000) * 60_000;
};

const monthsBefore = (clockMs: number, months: number): number => {
  const clock = new Date(clockMs);
  clock.setUTCMonth(clock.getUTCMonth() - months);
  return clock.getTime();
};
