import { type Instant, toMs } from './time.ts';

/** Returns true when the runtime knows a time zone with this name. */
export const isTimeZone = (name: string): boolean => {
  try {
    return name === 'UTC' || formatOf(name) !== undefined;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

/** Returns the time of a wall clock in the zone at an instant. Read its fields with the UTC getters. */
export const wallClock = (instant: Instant, timeZone: string): Date => {
  const ms = toMs(instant);
  return new Date(timeZone === 'UTC' ? ms : ms + offsetMs(ms, timeZone));
};

/**
 * Returns the milliseconds since 1970 at which a wall clock in the zone has the time `clockMs`. A skipped time moves
 * forward (02:30 becomes 03:30). A time that occurs twice means its first occurrence.
 */
export const fromWallClock = (clockMs: number, timeZone: string): number => {
  if (timeZone === 'UTC') return clockMs;
  const before = offsetMs(clockMs - msPerDay, timeZone);
  const after = offsetMs(clockMs + msPerDay, timeZone);
  const isBefore = offsetMs(clockMs - before, timeZone) === before;
  const isAfter = offsetMs(clockMs - after, timeZone) === after;
  return isAfter && !isBefore ? clockMs - after : clockMs - before;
};

const msPerDay = 86_400_000;
// Creating a format takes longer than using it a thousand times.
const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timeZone, format);
  return format;
};

const offsetMs = (ms: number, timeZone: string): number => {
  const fields: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(ms)) fields[type] = value;
  const at = new Date(0);
  // The year before 1 AD is 0.
  const year = fields.era === 'BC' ? 1 - Number(fields.year) : Number(fields.year);
  at.setUTCFullYear(year, Number(fields.month) - 1, Number(fields.day));
  at.setUTCHours(Number(fields.hour), Number(fields.minute), Number(fields.second));
  return at.getTime() - Math.floor(ms / 1000) * 1000;
};
