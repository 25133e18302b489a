import { addDuration } from '../../calendar.ts';
import { earlier, type Instant, toMs } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';
import { type MeterPeriod, type MeterResets, resetsOf } from './meter-rules.ts';

// docs/decisions/0036-periods-of-meters.md has the rules.

/** A calendar period of a meter. */
type CalendarResets = Exclude<MeterResets, 'TERM' | 'NEVER'>;

/** What the counters of the term say about an instant. */
export type TermAt = {
  /** The start of the running term; after the end of the last term, that end. */
  readonly startsAt: Instant;
  /** The next start of a renewed term, or null. */
  readonly nextStartsAt: Instant | null;
};

/** A period of the calendar: `[from, until)`. */
type CalendarPeriod = { readonly from: Instant; readonly until: Instant | null };

/**
 * Returns the period of the calendar that contains `at`: from `anchor` + n durations to `anchor` + (n + 1) durations, on
 * the calendar and clock of the zone. Before the anchor it is the first one. `until` is null beyond the year 9999.
 */
export const calendarPeriod = (
  anchor: Instant,
  resets: CalendarResets,
  at: Instant,
  timeZone: string,
): CalendarPeriod => {
  const key = `${anchor} ${resets} ${timeZone}`;
  const known = latest.get(key);
  if (known !== undefined && (known.from <= at || known.from === anchor) && (known.until === null || known.until > at))
    return known;
  const period = computedPeriod(anchor, resets, at, timeZone);
  if (latest.size >= latestMax) latest.clear();
  latest.set(key, period);
  return period;
};

// The calendar of a zone takes 0.3 ms, and each answer shows the period of each meter. A period never changes, so the
// latest ones are remembered, in 2 MB at most.
const latest = new Map<string, CalendarPeriod>();
const latestMax = 5_000;

const computedPeriod = (anchor: Instant, resets: CalendarResets, at: Instant, timeZone: string): CalendarPeriod => {
  const { months, days, meanDays } = lengths[resets];
  // An estimate that is 0, or below the number of the period. So the loop passes the start of the period.
  let number = Math.max(0, Math.floor((toMs(at) - toMs(anchor)) / (meanDays * dayMs)) - 2);
  let from = anchor;
  for (;;) {
    number += 1;
    const until = addDuration(
      anchor,
      { months: months * number, days: days * number, milliseconds: 0 },
      undefined,
      timeZone,
    );
    if (until === null || until > at) return { from, until };
    from = until;
  }
};

const dayMs = 86_400_000;
const lengths = {
  P1D: { months: 0, days: 1, meanDays: 1 },
  P1W: { months: 0, days: 7, meanDays: 7 },
  P1M: { months: 1, days: 0, meanDays: 365.2425 / 12 },
  P1Y: { months: 12, days: 0, meanDays: 365.2425 },
};

/** Returns true when a counter of its own period is at 0 at `at`, whatever it counted. NEVER is never at 0 again. */
export const isOver = (
  { resets, from, until }: MeterPeriod,
  { term: { expiresAt } }: Pick<LicenseFacts, 'term'>,
  at: Instant,
): boolean =>
  resets !== 'NEVER' &&
  ((until !== null && until <= at) || (expiresAt !== null && from < expiresAt && expiresAt <= at));

type Ruled = Pick<LicenseFacts, 'policy' | 'overrides' | 'term' | 'timeZone' | 'createdAt' | 'meterPeriods'>;

/**
 * Returns the period that use of a meter at `at` counts for. Returns null for a meter of the term. A period that has
 * counted something goes on as its events say; a new one is that of the calendar.
 */
export const ownPeriodAt = (facts: Ruled, meter: string, at: Instant, term: TermAt): MeterPeriod | null => {
  const resets = resetsOf(facts, meter);
  if (resets === 'TERM') return null;
  if (resets === 'NEVER') return { resets, from: facts.createdAt, until: null };
  const open = Object.hasOwn(facts.meterPeriods, meter) ? facts.meterPeriods[meter] : undefined;
  const isOpen = open !== undefined && open.resets === resets && term.startsAt <= open.from && !isOver(open, facts, at);
  const { from, until } = isOpen ? open : calendarPeriod(term.startsAt, resets, at, facts.timeZone);
  return { resets, from, until: cut(until, term.nextStartsAt) };
};

const cut = (until: Instant | null, end: Instant | null): Instant | null =>
  until === null || end === null ? (until ?? end) : earlier(until, end);

/** Returns when the use of a meter with its own period begins at 0, the end of the last term included; null: never. */
export const ownResetAt = (
  { until, resets }: MeterPeriod,
  { term: { expiresAt } }: Pick<LicenseFacts, 'term'>,
  at: Instant,
): Instant | null => (resets === 'NEVER' ? null : cut(until, expiresAt !== null && expiresAt > at ? expiresAt : null));
