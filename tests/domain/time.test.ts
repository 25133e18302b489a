import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDuration, anchorAt } from '../../src/domain/calendar.ts';
import {
  earlier,
  fromMs,
  isInstant,
  lastInstant,
  parseDuration,
  parseInstant,
  plusSeconds,
  secondsBetween,
  toMs,
} from '../../src/domain/time.ts';

const later = (start: string, text: string, anchorDay?: number) => {
  const duration = parseDuration(text);
  if (duration === null) throw new Error(`${text} is no duration.`);
  return addDuration(start, duration, anchorDay === undefined ? undefined : { clockMs: toMs(start), day: anchorDay });
};

describe('an instant', () => {
  test.each([
    ['2026-01-31T10:20:30.456Z', '2026-01-31T10:20:30.456Z'],
    ['2026-01-31T10:20:30Z', '2026-01-31T10:20:30.000Z'],
    ['2026-01-31T10:20:30.4Z', '2026-01-31T10:20:30.400Z'],
    ['2026-01-31T10:20:30+02:00', '2026-01-31T08:20:30.000Z'],
    ['2026-01-01T00:00:00-05:30', '2026-01-01T05:30:00.000Z'],
    ['0001-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', '2024-02-29T00:00:00.000Z'],
  ])('reads %s as %s', (text, instant) => expect(parseInstant(text)).toBe(instant));

  test.each([
    '',
    'tomorrow',
    '2026-01-31',
    '2026-01-31T10:20Z',
    '2026-01-31T10:20:30',
    '2026-01-31 10:20:30Z',
    '2026-01-31t10:20:30z',
    '2026-01-31T10:20:30.4567Z',
    '2026-01-31T24:00:00.000Z',
    '2026-01-31T23:59:60.000Z',
    '2026-02-30T00:00:00.000Z',
    '2025-02-29T00:00:00.000Z',
    '2026-13-01T00:00:00.000Z',
    '2026-00-01T00:00:00.000Z',
    '2026-01-00T00:00:00.000Z',
    '2026-01-31T10:20:30+2:00',
    '+010000-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999-01:00',
    '0000-12-31T23:59:59.999Z',
    '0001-01-01T00:00:00.000+01:00',
  ])('does not read %s', (text) => expect(parseInstant(text)).toBeNull());

  test('has one text form', () => {
    expect(isInstant('2026-01-31T10:20:30.000Z')).toBe(true);
    expect(isInstant('2026-01-31T10:20:30Z')).toBe(false);
    expect(isInstant('2026-01-31T10:20:30.000+00:00')).toBe(false);
    expect(isInstant('2026-02-31T10:20:30.000Z')).toBe(false);
  });

  test('sorts as text like in time, and converts to milliseconds and back', () => {
    const ms = fc.integer({ min: toMs('0001-01-01T00:00:00.000Z'), max: toMs(lastInstant) });
    fc.assert(
      fc.property(ms, ms, (a, b) => {
        expect(fromMs(a) < fromMs(b)).toBe(a < b);
        expect(toMs(fromMs(a))).toBe(a);
        expect(isInstant(fromMs(a))).toBe(true);
        expect(earlier(fromMs(a), fromMs(b))).toBe(fromMs(Math.min(a, b)));
      }),
    );
  });

  test('is refused outside of the years 0001 to 9999', () => {
    expect(() => fromMs(toMs(lastInstant) + 1)).toThrow(RangeError);
    expect(() => fromMs(Number.NaN)).toThrow(RangeError);
    expect(plusSeconds('9999-12-31T23:59:59.000Z', 5)).toBe(lastInstant);
  });

  test('differs from another by whole seconds, at least 0', () => {
    expect(secondsBetween('2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.999Z')).toBe(1);
    expect(secondsBetween('2026-01-01T00:00:01.000Z', '2026-01-01T00:00:00.000Z')).toBe(0);
    expect(plusSeconds('2026-01-01T00:00:00.000Z', 90)).toBe('2026-01-01T00:01:30.000Z');
  });
});

describe('a duration', () => {
  test('has years, months, weeks, days, hours, minutes and seconds', () => {
    expect(parseDuration('P1Y2M3W4DT5H6M7S')).toEqual({ months: 14, days: 25, milliseconds: 18_367_000 });
    expect(parseDuration('PT90S')).toEqual({ months: 0, days: 0, milliseconds: 90_000 });
  });

  test.each([
    '',
    'P',
    'PT',
    'P1YT',
    'P0D',
    'P0Y0M',
    '-P1Y',
    'P-1Y',
    'P1.5Y',
    'P1D2M',
    'P1H',
    'PT1D',
    'p1y',
    '1Y',
    'P1Y ',
    'P101Y',
    'P1201M',
    'P36601D',
    'PT99999999999S',
    'P1Y\n',
  ])('is not %j', (text) => expect(parseDuration(text)).toBeNull());

  test.each(['P100Y', 'P1200M', 'P36500D', 'PT1S', 'P0Y1D'])('may be %s', (text) =>
    expect(parseDuration(text)).not.toBeNull(),
  );

  test.each([
    ['2026-01-31T10:00:00.000Z', 'P1M', '2026-02-28T10:00:00.000Z'],
    ['2024-01-31T10:00:00.000Z', 'P1M', '2024-02-29T10:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', 'P1Y', '2025-02-28T00:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', 'P4Y', '2028-02-29T00:00:00.000Z'],
    ['2026-08-31T00:00:00.000Z', 'P1M', '2026-09-30T00:00:00.000Z'],
    ['2026-11-30T23:59:59.999Z', 'P3M', '2027-02-28T23:59:59.999Z'],
    ['2026-12-31T00:00:00.000Z', 'P1M1D', '2027-02-01T00:00:00.000Z'],
    ['2026-01-31T00:00:00.000Z', 'P1M1D', '2026-03-01T00:00:00.000Z'],
    ['2026-03-29T00:30:00.000Z', 'P1D', '2026-03-30T00:30:00.000Z'],
    ['2026-01-01T00:00:00.000Z', 'P2W', '2026-01-15T00:00:00.000Z'],
    ['2026-12-31T23:59:59.000Z', 'PT1S', '2027-01-01T00:00:00.000Z'],
    ['0099-12-31T00:00:00.000Z', 'P2M', '0100-02-28T00:00:00.000Z'],
  ])('from %s, %s ends at %s', (start, duration, end) => expect(later(start, duration)).toBe(end));

  test('cannot end beyond the year 9999', () => {
    expect(later('9998-12-31T23:59:59.999Z', 'P1Y')).toBe(lastInstant);
    expect(later('9999-12-31T23:59:59.999Z', 'PT1S')).toBeNull();
    expect(later('9999-06-01T00:00:00.000Z', 'P1Y')).toBeNull();
  });

  test('of months returns to its anchor day after a short month', () => {
    expect(later('2026-02-28T10:00:00.000Z', 'P1M', 31)).toBe('2026-03-31T10:00:00.000Z');
    expect(later('2026-02-28T10:00:00.000Z', 'P2M', 31)).toBe('2026-04-30T10:00:00.000Z');
  });

  test('of days has no anchor', () =>
    expect(later('2026-02-28T10:00:00.000Z', 'P1D', 31)).toBe('2026-03-01T10:00:00.000Z'));

  test.each([
    ['2026-01-31T10:00:00.000Z', '2026-02-28T10:00:00.000Z', 31, 'cut by February'],
    ['2026-01-30T10:00:00.000Z', '2026-02-28T10:00:00.000Z', 30, 'cut by February'],
    ['2026-01-28T10:00:00.000Z', '2026-02-28T10:00:00.000Z', 28, 'not cut'],
    ['2024-01-31T10:00:00.000Z', '2024-02-28T10:00:00.000Z', 28, 'not the last day of its month'],
    ['2026-01-31T10:00:00.000Z', '2026-02-28T11:00:00.000Z', 28, 'not a whole number of months'],
  ])('from %s that ended at %s counts on day %i: %s', (anchor, end, day) =>
    expect(anchorAt(anchor, end).day).toBe(day),
  );

  test('never ends before it starts, and ends on the same day when the month has it', () => {
    const start = fc
      .integer({ min: toMs('1900-01-01T00:00:00.000Z'), max: toMs('2200-01-01T00:00:00.000Z') })
      .map(fromMs);
    fc.assert(
      fc.property(start, fc.integer({ min: 1, max: 1200 }), (from, months) => {
        const end = later(from, `P${months}M`) ?? '';
        expect(end > from).toBe(true);
        expect(end.slice(11)).toBe(from.slice(11));
        expect(Number(end.slice(8, 10))).toBeLessThanOrEqual(Number(from.slice(8, 10)));
        const monthsApart =
          (Number(end.slice(0, 4)) - Number(from.slice(0, 4))) * 12 +
          Number(end.slice(5, 7)) -
          Number(from.slice(5, 7));
        expect(monthsApart).toBe(months);
      }),
    );
  });
});
