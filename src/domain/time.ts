/**
 * An instant: UTC, ISO 8601, exactly milliseconds and `Z`, years 0001–9999 (which Postgres can store, too). Instants
 * sort as text, so `<` compares them.
 */
export type Instant = string;

/** A calendar duration in units that do not convert: months, days, milliseconds. Whole numbers, 0 or more. */
export type Duration = {
  readonly months: number;
  readonly days: number;
  readonly milliseconds: number;
};

/** The first possible instant. */
export const firstInstant: Instant = '0001-01-01T00:00:00.000Z';

/** The last possible instant. */
export const lastInstant: Instant = '9999-12-31T23:59:59.999Z';

/** Returns true for an instant in its stored form, of a day that exists. */
export const isInstant = (text: string): boolean => parseInstant(text) === text;

/**
 * Returns the instant of an ISO 8601 date-time, in UTC and milliseconds; null when the text is not one. Seconds and a
 * zone (`Z` or an offset) are required. Fractions finer than a millisecond are refused, not rounded.
 */
export const parseInstant = (text: string): Instant | null => {
  const match = dateTimePattern.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0] = match.slice(1, 4).map(Number);
  // Date.parse reads 30 February as 2 March.
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month - 1)) return null;
  const ms = Date.parse(text);
  return ms >= msMin && ms <= msMax ? new Date(ms).toISOString() : null;
};

/** Returns the milliseconds since 1970 of an instant. */
export const toMs = (instant: Instant): number => Date.parse(instant);

/** Returns the instant `ms` milliseconds after 1970. Throws RangeError outside the years 0001–9999. */
export const fromMs = (ms: number): Instant => {
  if (!(ms >= msMin && ms <= msMax)) throw new RangeError(`${ms} ms is no instant of the years 0001 to 9999.`);
  return new Date(ms).toISOString();
};

/** Returns the earlier of two instants. */
export const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b);

/** Returns the whole seconds from `from` to `to`, rounded down; 0 when `to` is not after `from`. */
export const secondsBetween = (from: Instant, to: Instant): number =>
  Math.max(0, Math.floor((toMs(to) - toMs(from)) / 1000));

/** Returns the later of two instants. */
export const later = (a: Instant, b: Instant): Instant => (a > b ? a : b);

/** Returns the instant `seconds` later, at most `lastInstant`. */
export const plusSeconds = (instant: Instant, seconds: number): Instant =>
  new Date(Math.min(toMs(instant) + seconds * 1000, msMax)).toISOString();

/**
 * Returns an ISO 8601 duration of whole components, such as `P1Y2M3W4DT5H6M7S`. At least one component is positive,
 * and their sum is at most 100 years. Returns null for any other text.
 */
export const parseDuration = (text: string): Duration | null => {
  const match = durationPattern.exec(text);
  if (match === null) return null;
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((digits) => Number(digits ?? 0));
  const duration = {
    months: years * 12 + months,
    days: weeks * 7 + days,
    milliseconds: ((hours * 60 + minutes) * 60 + seconds) * 1000,
  };
  const daysAtMost = (duration.months / 12) * 366 + duration.days + duration.milliseconds / msPerDay;
  return daysAtMost > 0 && daysAtMost <= 100 * 366 ? duration : null;
};

/** Returns what is wrong with a text that `parseDuration` refuses. `rule` says it of a text in another form. */
export const notDuration = (text: string, rule = 'is not a duration like P1Y, P30D or PT1H'): string => {
  const name = JSON.stringify(text);
  if (!durationPattern.test(text)) return `${name} ${rule}.`;
  return /[1-9]/.test(text)
    ? `The duration ${name} is too long. It must last at most 100 years.`
    : `The duration ${name} lasts no time. It must be longer than zero.`;
};

const msPerDay = 86_400_000;
const msMin = Date.parse(firstInstant);
const msMax = Date.parse(lastInstant);

const dateTimePattern =
  /^(\d{4})-(\d{2})-(\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,3})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const durationPattern =
  /^P(?=[\dT])(?:(\d{1,10})Y)?(?:(\d{1,10})M)?(?:(\d{1,10})W)?(?:(\d{1,10})D)?(?:T(?=\d)(?:(\d{1,10})H)?(?:(\d{1,10})M)?(?:(\d{1,10})S)?)?$/;

/** Returns the number of days of a month; `month` counts from 0. */
export const daysInMonth = (year: number, month: number): number => {
  const lastDay = new Date(0);
  // Date.UTC and the constructor read the years 0 to 99 as 1900 to 1999.
  lastDay.setUTCFullYear(year, month + 1, 0);
  return lastDay.getUTCDate();
};
