import { type Instant, toMs } from './time.ts';

/** True when the runtime knows a time zone by this name. */
export const isTimeZone = (name: string): boolean => {
  try {
    return name === 'UTC' || formatOf(name) !== undefined;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

/** What a wall clock in the zone shows at an instant, read as if it were UTC: its fields are those of the UTC getters. */
export const wallClock = (instant: Instant, timeZone: string): Date => {
  const ms = toMs(instant);
  return new Date(timeZone === 'UTC' ? ms : ms + offsetMs(ms, timeZone));
};

/**
 * Milliseconds since 1970 of what a wall clock in the zone shows as `shownMs`. A time that the clock skips is as much later
 * (02:30 becomes 03:30), of a time that it shows twice the first one is meant.
 */
export const fromWallClock = (shownMs: number, timeZone: string): number => {
  if (timeZone === 'UTC') return shownMs;
  const before = offsetMs(shownMs - msPerDay, timeZone);
  const after = offsetMs(shownMs + msPerDay, timeZone);
  const isBefore = offsetMs(shownMs - before, timeZone) === before;
  const isAfter = offsetMs(shownMs - after, timeZone) === after;
  return isAfter && !isBefore ? shownMs - after : shownMs - before;
};

const msPerDay = 86_400_000;
// Making one takes longer than using it a thousand times.
const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    ...({ timeZone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23', era: 'short' } as const),
    ...({ year: 'numeric', month: 'numeric', day: 'numeric' } as const),
    ...({ hour: 'numeric', minute: 'numeric', second: 'numeric' } as const),
  });
  formats.set(timeZone, format);
  return format;
};

const offsetMs = (ms: number, timeZone: string): number => {
  const shown: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(ms)) shown[type] = value;
  const at = new Date(0);
  // The year before 1 AD is 0.
  const year = shown.era === 'BC' ? 1 - Number(shown.year) : Number(shown.year);
  at.setUTCFullYear(year, Number(shown.month) - 1, Number(shown.day));
  at.setUTCHours(Number(shown.hour), Number(shown.minute), Number(shown.second));
  return at.getTime() - Math.floor(ms / 1000) * 1000;
};
