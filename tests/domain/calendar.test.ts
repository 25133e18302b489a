import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDuration, anchorAt, type CalendarAnchor, subtractDuration } from '../../src/domain/calendar.ts';
import { fromMs, parseDuration } from '../../src/domain/time.ts';
import { isTimeZone } from '../../src/domain/time-zone.ts';

const durationOf = (text: string) => {
  const duration = parseDuration(text);
  if (duration === null) throw new Error(`${text} is no duration.`);
  return duration;
};
const later = (start: string, text: string, timeZone: string, anchor?: CalendarAnchor) =>
  addDuration(start, durationOf(text), anchor, timeZone);

describe('a calendar duration is counted in the issuer’s time zone', () => {
  test.each([
    [
      'a day across the change to summer time has 23 hours',
      '2026-03-28T12:00:00.000Z',
      'P1D',
      'Europe/Berlin',
      '2026-03-29T11:00:00.000Z',
    ],
    [
      'a day across the change to winter time has 25 hours',
      '2026-10-24T12:00:00.000Z',
      'P1D',
      'Europe/Berlin',
      '2026-10-25T13:00:00.000Z',
    ],
    [
      '24 hours across a change are 24 hours',
      '2026-03-28T12:00:00.000Z',
      'PT24H',
      'Europe/Berlin',
      '2026-03-29T12:00:00.000Z',
    ],
    ['a month keeps the wall clock', '2026-03-01T08:30:00.000Z', 'P1M', 'Europe/Berlin', '2026-04-01T07:30:00.000Z'],
    [
      'a month is that of the local date, not of UTC’s',
      '2026-01-31T23:30:00.000Z',
      'P1M',
      'Asia/Tokyo',
      '2026-02-28T23:30:00.000Z',
    ],
    [
      'the last of the month is cut in local time',
      '2026-01-30T23:30:00.000Z',
      'P1M',
      'Asia/Tokyo',
      '2026-02-27T23:30:00.000Z',
    ],
    [
      'a time that the clock skips comes an hour later',
      '2026-02-28T01:30:00.000Z',
      'P29D',
      'Europe/Berlin',
      '2026-03-29T01:30:00.000Z',
    ],
    [
      'the first instant counts when the clock shows a time twice',
      '2026-10-24T00:30:00.000Z',
      'P1D',
      'Europe/Berlin',
      '2026-10-25T00:30:00.000Z',
    ],
    ['west of Greenwich too', '2026-03-07T07:30:00.000Z', 'P1D', 'America/New_York', '2026-03-08T07:30:00.000Z'],
    ['29 February becomes 28', '2024-02-29T00:00:00.000Z', 'P1Y', 'UTC', '2025-02-28T00:00:00.000Z'],
  ])('%s', (_, start, text, timeZone, expected) => expect(later(start, text, timeZone)).toBe(expected));

  test('a chain of months on day 31 returns to it, in the zone', () => {
    // 31 January, midnight in Berlin.
    const begin = '2026-01-30T23:00:00.000Z';
    const february = later(begin, 'P1M', 'Europe/Berlin');
    expect(february).toBe('2026-02-27T23:00:00.000Z');
    const anchor = anchorAt(begin, february ?? '', 'Europe/Berlin');
    expect(anchor.day).toBe(31);
    expect(later(february ?? '', 'P1M', 'Europe/Berlin', anchor)).toBe('2026-03-30T22:00:00.000Z');
  });
  test('a chain returns to its time of day after a skipped time, and to its day after a skipped day', () => {
    const chain = (begin: string, text: string, timeZone: string) => {
      const end = later(begin, text, timeZone) ?? '';
      return [end, later(end, text, timeZone, anchorAt(begin, end, timeZone))];
    };
    expect(chain('2026-02-28T01:30:00.000Z', 'P29D', 'Europe/Berlin')).toEqual([
      '2026-03-29T01:30:00.000Z',
      '2026-04-27T00:30:00.000Z',
    ]);
    expect(chain('2011-11-30T18:00:00.000Z', 'P1M', 'Pacific/Apia')).toEqual([
      '2011-12-30T18:00:00.000Z',
      '2012-01-29T18:00:00.000Z',
    ]);
    expect(chain('2011-12-29T18:00:00.000Z', 'P1D', 'Pacific/Apia')).toEqual([
      '2011-12-30T18:00:00.000Z',
      '2011-12-31T18:00:00.000Z',
    ]);
  });
  test('no duration ends beyond the year 9999', () => {
    expect(later('9999-12-31T23:00:00.000Z', 'P1D', 'Pacific/Auckland')).toBeNull();
    expect(later('9999-12-31T23:00:00.000Z', 'PT1H', 'UTC')).toBeNull();
  });
});

describe('counting back', () => {
  test.each([
    ['a month clamps to the month’s end', '2026-03-31T12:00:00.000Z', 'P1M', 'UTC', '2026-02-28T12:00:00.000Z'],
    ['over the year’s end', '2026-01-15T12:00:00.000Z', 'P2M', 'UTC', '2025-11-15T12:00:00.000Z'],
    [
      'days across the change of the clock',
      '2026-03-30T10:00:00.000Z',
      'P7D',
      'Europe/Berlin',
      '2026-03-23T11:00:00.000Z',
    ],
  ])('%s', (_, end, text, timeZone, expected) =>
    expect(subtractDuration(end, durationOf(text), timeZone)).toBe(expected),
  );
  test('ends at the first possible instant, in any zone', () => {
    expect(subtractDuration('0001-01-31T00:00:00.000Z', durationOf('P30D'))).toBe('0001-01-01T00:00:00.000Z');
    for (const timeZone of ['UTC', 'America/New_York', 'Asia/Tokyo']) {
      expect(subtractDuration('0001-01-15T00:00:00.000Z', durationOf('P30D'), timeZone)).toBeNull();
      expect(subtractDuration('0001-01-01T00:00:00.000Z', durationOf('P1Y'), timeZone)).toBeNull();
    }
  });
});

describe('a time zone', () => {
  test('is valid when the runtime knows it', () => {
    expect(['UTC', 'Europe/Berlin', 'America/New_York'].map(isTimeZone)).toEqual([true, true, true]);
    expect(['', 'Mars/Olympus', 'Europe Berlin'].map(isTimeZone)).toEqual([false, false, false]);
  });
  test('counts days and months forward and back again, to within a day of clock changes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000_000 }),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'),
        fc.integer({ min: 1, max: 400 }),
        (ms, timeZone, days) => {
          const start = fromMs(ms);
          const end = later(start, `P${days}D`, timeZone) ?? '';
          expect(end > start).toBe(true);
          expect(Math.abs(Date.parse(end) - ms - days * 86_400_000)).toBeLessThanOrEqual(3_600_000 * 2);
          const back = subtractDuration(end, durationOf(`P${days}D`), timeZone) ?? '';
          expect(Math.abs(Date.parse(back) - ms)).toBeLessThanOrEqual(3_600_000 * 2);
        },
      ),
    );
  });
});
