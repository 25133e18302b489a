import { type Duration, daysInMonth, firstInstant, fromMs, type Instant, lastInstant, toMs } from './time.ts';
import { fromWallClock, wallClock } from './time-zone.ts';

/**
 * Returns the instant one calendar duration later, on the calendar and clock of the zone: months first, then days,
 * then time. A day that the month lacks becomes its last day (31 Jan + P1M = 28 or 29 Feb). `anchorDay` is the day of
 * the month that months are counted on, so a chain of them returns to it (28 Feb + P1M on anchor 31 = 31 Mar).
 * Returns null beyond the year 9999.
 */
export const addDuration = (
  instant: Instant,
  duration: Duration,
  anchorDay?: number,
  timeZone = 'UTC',
): Instant | null => shift(instant, duration, 1, { timeZone, anchorDay });

/** Returns the instant one calendar duration earlier, by the same rules. Returns null before the year 1. */
export const subtractDuration = (instant: Instant, duration: Duration, timeZone = 'UTC'): Instant | null =>
  shift(instant, duration, -1, { timeZone, anchorDay: undefined });

/**
 * Returns the day of the month that a chain of calendar durations counts on. The chain starts at `anchor`, and `end`
 * is the end of one of its durations. Returns the anchor's day when `end` is that day cut to a shorter month, else
 * the day of `end`.
 */
export const anchorDayOf = (anchor: Instant, end: Instant, timeZone = 'UTC'): number => {
  const [start, stop] = [wallClock(anchor, timeZone), wallClock(end, timeZone)];
  const day = stop.getUTCDate();
  const isLastOfMonth = day === daysInMonth(stop.getUTCFullYear(), stop.getUTCMonth());
  const isSameTime = start.toISOString().slice(11) === stop.toISOString().slice(11);
  return isLastOfMonth && start.getUTCDate() > day && isSameTime ? start.getUTCDate() : day;
};

const msPerDay = 86_400_000;
const msMin = toMs(firstInstant);
const msMax = toMs(lastInstant);

const shift = (
  instant: Instant,
  { months, days, milliseconds }: Duration,
  sign: 1 | -1,
  { timeZone, anchorDay }: { readonly timeZone: string; readonly anchorDay: number | undefined },
): Instant | null => {
  let ms = toMs(instant);
  if (months > 0 || days > 0) {
    const clock = wallClock(instant, timeZone);
    if (months > 0) {
      const monthsSinceZero = clock.getUTCFullYear() * 12 + clock.getUTCMonth() + sign * months;
      const [year, month] = [Math.floor(monthsSinceZero / 12), monthsSinceZero - Math.floor(monthsSinceZero / 12) * 12];
      clock.setUTCFullYear(year, month, Math.min(anchorDay ?? clock.getUTCDate(), daysInMonth(year, month)));
    }
    ms = fromWallClock(clock.getTime() + sign * days * msPerDay, timeZone);
  }
  ms += sign * milliseconds;
  return ms >= msMin && ms <= msMax ? fromMs(ms) : null;
};
