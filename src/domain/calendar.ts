import { type Duration, daysInMonth, firstInstant, fromMs, type Instant, lastInstant, toMs } from './time.ts';
import { fromWallClock, wallClock } from './time-zone.ts';

/** Where a chain of calendar durations stands, on the calendar and clock of its zone. */
export type CalendarAnchor = {
  /** The time that the clock would show if it skipped none, as milliseconds since 1970 of that clock. */
  readonly clockMs: number;
  /** The day of the month that months are counted on. */
  readonly day: number;
};

/**
 * Returns the instant one calendar duration later, on the calendar and clock of the zone: months first, then days,
 * then time. A day that the month lacks becomes its last day (31 Jan + P1M = 28 or 29 Feb), and a time that the clock
 * skips moves forward (02:30 becomes 03:30). `anchor` is where a chain of durations stands, so that the chain returns
 * to its day and time (28 Feb + P1M on anchor 31 = 31 Mar). Returns null beyond the year 9999.
 */
export const addDuration = (
  instant: Instant,
  duration: Duration,
  anchor?: CalendarAnchor,
  timeZone = 'UTC',
): Instant | null => {
  const end = shift(instant, duration, 1, { timeZone, anchor });
  // Where the calendar skips a whole day, the next day is the first one after it.
  return end !== null && end <= instant ? shift(instant, duration, 1, { timeZone, anchor: undefined }) : end;
};

/** Returns the instant one calendar duration earlier, by the same rules. Returns null before the year 1. */
export const subtractDuration = (instant: Instant, duration: Duration, timeZone = 'UTC'): Instant | null =>
  shift(instant, duration, -1, { timeZone, anchor: undefined });

/**
 * Returns where a chain of calendar durations stands that starts at `start` and has come to `end`. Undoes what the
 * calendar did to `end`: a time that the clock skipped is that of the start, and a day that the month lacked is that of
 * the start. An `end` at another time of day stands for itself.
 */
export const anchorAt = (start: Instant, end: Instant, timeZone = 'UTC'): CalendarAnchor => {
  const [begin, stop] = [wallClock(start, timeZone), wallClock(end, timeZone)];
  const clockMs = unskipped(begin, stop, toMs(end), timeZone);
  if (clockMs === null) return { clockMs: stop.getTime(), day: stop.getUTCDate() };
  const clock = new Date(clockMs);
  const day = clock.getUTCDate();
  const isLastOfMonth = day === daysInMonth(clock.getUTCFullYear(), clock.getUTCMonth());
  return { clockMs, day: isLastOfMonth ? Math.max(day, begin.getUTCDate()) : day };
};

/**
 * Returns the clock's time of `end` with the time of day of the start, on the day of `end` or on the day before, which
 * the clock may have skipped. Returns null when neither is `end`.
 */
const unskipped = (begin: Date, stop: Date, endMs: number, timeZone: string): number | null => {
  const sameDay = stop.getTime() - timeOfDay(stop) + timeOfDay(begin);
  const dayBefore = sameDay - msPerDay;
  // A skipped day and the day after it are the same instants. The day of the start tells which one is meant.
  const order = new Date(dayBefore).getUTCDate() === begin.getUTCDate() ? [dayBefore, sameDay] : [sameDay, dayBefore];
  const meant = order.find((clockMs) => fromWallClock(clockMs, timeZone) === endMs);
  // The second time that a clock shows 02:30 is 02:30, too.
  return meant ?? (sameDay === stop.getTime() ? sameDay : null);
};

const timeOfDay = (clock: Date): number => clock.getTime() - Math.floor(clock.getTime() / msPerDay) * msPerDay;

const msPerDay = 86_400_000;
const msMin = toMs(firstInstant);
const msMax = toMs(lastInstant);

const shift = (
  instant: Instant,
  { months, days, milliseconds }: Duration,
  sign: 1 | -1,
  { timeZone, anchor }: { readonly timeZone: string; readonly anchor: CalendarAnchor | undefined },
): Instant | null => {
  let ms = toMs(instant);
  if (months > 0 || days > 0) {
    const clock = anchor === undefined ? wallClock(instant, timeZone) : new Date(anchor.clockMs);
    if (months > 0) {
      const monthsSinceZero = clock.getUTCFullYear() * 12 + clock.getUTCMonth() + sign * months;
      const [year, month] = [Math.floor(monthsSinceZero / 12), monthsSinceZero - Math.floor(monthsSinceZero / 12) * 12];
      clock.setUTCFullYear(year, month, Math.min(anchor?.day ?? clock.getUTCDate(), daysInMonth(year, month)));
    }
    ms = fromWallClock(clock.getTime() + sign * days * msPerDay, timeZone);
  }
  ms += sign * milliseconds;
  return ms >= msMin && ms <= msMax ? fromMs(ms) : null;
};
