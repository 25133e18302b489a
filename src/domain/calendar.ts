import { type Duration, daysInMonth, firstInstant, fromMs, type Instant, lastInstant, toMs } from './time.ts';
import { fromWallClock, wallClock } from './time-zone.ts';

/**
 * The instant one calendar duration later, on the calendar and clock of the zone: months first, then days, then time. A day
 * that the month lacks becomes its last (31 Jan + P1M = 28 or 29 Feb). `anchorDay` is the day of the month that months are
 * counted on, so that a chain of them returns to it (28 Feb + P1M on anchor 31 = 31 Mar). Null beyond the year 9999.
 */
export const addDuration = (
  instant: Instant,
  duration: Duration,
  anchorDay?: number,
  timeZone = 'UTC',
): Instant | null => shift(instant, duration, 1, timeZone, anchorDay);

/** The instant one calendar duration earlier, by the same rules. Null before the year 1. */
export const subtractDuration = (instant: Instant, duration: Duration, timeZone = 'UTC'): Instant | null =>
  shift(instant, duration, -1, timeZone);

/**
 * The day of the month that a chain of calendar durations which began at `anchor` counts on, seen from `end`, one of its
 * ends: the anchor's own day where `end` is that day cut to a shorter month, else the day of `end`.
 */
export const anchorDayOf = (anchor: Instant, end: Instant, timeZone = 'UTC'): number => {
  const [begun, ended] = [wallClock(anchor, timeZone), wallClock(end, timeZone)];
  const day = ended.getUTCDate();
  const isLastOfMonth = day === daysInMonth(ended.getUTCFullYear(), ended.getUTCMonth());
  const isSameTime = begun.toISOString().slice(11) === ended.toISOString().slice(11);
  return isLastOfMonth && begun.getUTCDate() > day && isSameTime ? begun.getUTCDate() : day;
};

const msPerDay = 86_400_000;
const msMin = toMs(firstInstant);
const msMax = toMs(lastInstant);

const shift = (
  instant: Instant,
  { months, days, milliseconds }: Duration,
  sign: 1 | -1,
  timeZone: string,
  anchorDay?: number,
): Instant | null => {
  let ms = toMs(instant);
  if (months > 0 || days > 0) {
    const shown = wallClock(instant, timeZone);
    if (months > 0) {
      const monthsSinceZero = shown.getUTCFullYear() * 12 + shown.getUTCMonth() + sign * months;
      const [year, month] = [Math.floor(monthsSinceZero / 12), monthsSinceZero - Math.floor(monthsSinceZero / 12) * 12];
      shown.setUTCFullYear(year, month, Math.min(anchorDay ?? shown.getUTCDate(), daysInMonth(year, month)));
    }
    ms = fromWallClock(shown.getTime() + sign * days * msPerDay, timeZone);
  }
  ms += sign * milliseconds;
  return ms >= msMin && ms <= msMax ? fromMs(ms) : null;
};
