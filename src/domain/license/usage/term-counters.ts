import type { At } from '../../decider.ts';
import { earlier, type Instant } from '../../time.ts';
import type { LicenseFacts, Usage } from '../license.ts';
import { returnedSeats } from '../seats/withheld-seats.ts';
import { isOver, ownPeriodAt, ownResetAt } from './meter-periods.ts';
import { type MeterPeriod, resetsOf } from './meter-rules.ts';
import { sumsAfterRenewal } from './meter-sums.ts';

// Meters and releases of devices count for the term that runs at the server's instant. A renewal before the expiry adds
// a term that starts later: until then the counters of the running term go on, and at its start they begin at 0. After
// the end of the last term they go on, too. A renewal from that end makes them those of the renewed term. Meters with a
// period of their own (`meterPeriods`) begin at 0 at its end, too, and at the end of the last term.

type Counted = Pick<LicenseFacts, 'nextTerms'>;

/**
 * Returns the instant that an event counts at. What a late worker records counts when it took effect, so that a later
 * record changes no earlier counters. What is announced counts when it is recorded.
 */
export const countedAt = ({ recordedAt, effectiveAt }: At): Instant => earlier(recordedAt, effectiveAt);

/** Returns true when a renewed term has started since the last event: its counters are at 0. */
export const hasEnteredTerm = ({ nextTerms }: Counted, at: Instant): boolean =>
  nextTerms.length > 0 && nextTerms.some((startsAt) => startsAt <= at);

/**
 * Returns when the counters of the running term begin at 0 again: at the next start of a renewed term. Returns null when
 * no renewed term starts after `at`, because the end of the last term resets nothing.
 */
export const resetsAt = ({ nextTerms }: Counted, at: Instant): Instant | null =>
  nextTerms.find((startsAt) => startsAt > at) ?? null;

/** What the counters of a license read. */
type Counters = Counted & Pick<LicenseFacts, 'usage' | 'meterPeriods' | 'term'>;

/** Returns the usage at `at`: its meters are those of the periods that run then, and seats that have returned are free. */
export const usageAt = (facts: Counters & Pick<LicenseFacts, 'withheldSeats'>, at: Instant): Usage => {
  const { usage, withheldSeats } = facts;
  const { meters } = countersAt(facts, at);
  const returned = returnedSeats(withheldSeats, at);
  return meters === usage.meters && returned === 0 ? usage : { ...usage, seats: usage.seats - returned, meters };
};

/** The use of meters, and the periods of those that have their own. */
type MeterCounters = { readonly meters: Usage['meters']; readonly meterPeriods: LicenseFacts['meterPeriods'] };

/** Returns the counters that run at `at`: those of the facts themselves when all do. */
const countersAt = (facts: Counters, at: Instant): MeterCounters => {
  const { usage, meterPeriods } = facts;
  const isNextTerm = hasEnteredTerm(facts, at);
  if (!isNextTerm && !hasOwn(facts)) return { meters: usage.meters, meterPeriods };
  return countersWith(facts, (period) =>
    isNextTerm ? period?.resets === 'NEVER' : period === undefined || !isOver(period, facts, at),
  );
};

/** Returns the counters that `keeps` says yes to. It gets undefined for a counter of the term. */
export const countersWith = (
  { usage, meterPeriods }: Pick<LicenseFacts, 'usage' | 'meterPeriods'>,
  keeps: (period: MeterPeriod | undefined, meter: string) => boolean,
): MeterCounters => {
  const names = Object.keys(usage.meters);
  const kept = names.filter((meter) => keeps(periodOf(meterPeriods, meter), meter));
  if (kept.length === names.length) return { meters: usage.meters, meterPeriods };
  const pick = <Value>(values: Readonly<Record<string, Value>>) =>
    Object.fromEntries(
      kept.flatMap((meter) => (Object.hasOwn(values, meter) ? [[meter, values[meter] as Value]] : [])),
    );
  return { meters: pick(usage.meters), meterPeriods: pick(meterPeriods) };
};

/**
 * Returns the facts without the counters of meters that reset otherwise since the facts before: a change of `resets`
 * begins the counter at 0.
 */
export const withoutOtherResets = (facts: LicenseFacts, before: LicenseFacts): LicenseFacts => {
  if (facts.policy === before.policy && facts.overrides === before.overrides) return facts;
  const { meters, meterPeriods } = countersWith(
    facts,
    (period, meter) => (period?.resets ?? 'TERM') === resetsOf(facts, meter),
  );
  if (meters === facts.usage.meters) return facts;
  const ofTerm = Object.entries(facts.metersAfterEnd).filter(([meter]) => resetsOf(facts, meter) === 'TERM');
  return { ...facts, usage: { ...facts.usage, meters }, meterPeriods, metersAfterEnd: Object.fromEntries(ofTerm) };
};

const hasOwn = ({ meterPeriods }: Pick<LicenseFacts, 'meterPeriods'>): boolean => Object.keys(meterPeriods).length > 0;

const periodOf = (periods: LicenseFacts['meterPeriods'], meter: string): MeterPeriod | undefined =>
  Object.hasOwn(periods, meter) ? periods[meter] : undefined;

/** Returns the facts with the counters that run at `at`. */
export const inTermAt = (facts: LicenseFacts, at: Instant): LicenseFacts => {
  const isNextTerm = hasEnteredTerm(facts, at);
  const { meters, meterPeriods } = countersAt(facts, at);
  if (!isNextTerm && meters === facts.usage.meters) return facts;
  const counted = { ...facts, usage: { ...facts.usage, meters }, meterPeriods };
  if (!isNextTerm) return counted;
  const nextTerms = facts.nextTerms.filter((startsAt) => startsAt > at);
  return { ...counted, countersFrom: startedBy(facts, at), nextTerms };
};

/** Returns true at the end of the last term and afterwards. */
export const isAfterEnd = ({ term: { expiresAt } }: Pick<LicenseFacts, 'term'>, at: Instant): boolean =>
  expiresAt !== null && at >= expiresAt;

/**
 * Returns the counters after a term was added that starts at `startsAt`. They go on until then. Now they begin at 0, or
 * with what was used since the end of the last term when the new one starts there.
 */
export const countersOf = (
  facts: LicenseFacts,
  startsAt: Instant,
  at: Instant,
): Pick<LicenseFacts, 'usage' | 'meterPeriods' | 'meterSums' | 'nextTerms' | 'metersAfterEnd' | 'countersFrom'> => {
  const { usage, meterPeriods, meterSums, nextTerms, countersFrom, term } = facts;
  if (startsAt > at)
    return {
      usage,
      meterPeriods,
      meterSums,
      countersFrom,
      nextTerms: [...nextTerms.filter((start) => start < startsAt), startsAt],
      metersAfterEnd: {},
    };
  const fromEnd = startsAt === term.expiresAt;
  // Since the end of the last term, periods count from that end, so they are those of a term that starts there.
  const own = countersWith(facts, (period) =>
    period?.resets === 'NEVER' ? true : fromEnd && period !== undefined && period.from >= startsAt,
  );
  return {
    usage: { ...usage, meters: { ...(fromEnd ? facts.metersAfterEnd : {}), ...own.meters } },
    meterPeriods: own.meterPeriods,
    meterSums: fromEnd ? sumsAfterRenewal(meterSums, facts.metersAfterEnd) : meterSums,
    countersFrom: startsAt,
    nextTerms: [],
    metersAfterEnd: {},
  };
};

type Periodic = Counted &
  Pick<
    LicenseFacts,
    'policy' | 'overrides' | 'term' | 'timeZone' | 'createdAt' | 'countersFrom' | 'meterPeriods' | 'nextTerms'
  >;

/** What an event about usage says of the period that it counts for. `resets` absent: the counter of the term. */
type CountedPeriod = {
  readonly periodStart: Instant;
  readonly periodEnd: Instant | null;
  readonly resets?: MeterPeriod['resets'];
};

/**
 * Returns the period that usage of a meter at `at` counts for. A meter of the term: from the start of the running
 * counter to the start of the next renewed term, or else to the end of the last term. Its end is null for a perpetual
 * term, and after that end. A meter with its own period: to the end of that period, or to the start of the next renewed
 * term.
 */
export const countedPeriod = (facts: Periodic, meter: string, at: Instant): CountedPeriod => {
  const own = ownPeriod(facts, meter, at);
  if (own !== null) return { resets: own.resets, periodStart: own.from, periodEnd: own.until };
  const isEnded = isAfterEnd(facts, at);
  return {
    periodStart: counterStart(facts, at),
    periodEnd: resetsAt(facts, at) ?? (isEnded ? null : facts.term.expiresAt),
  };
};

/** Returns the period of a meter with its own period that contains `at`; null for a meter of the term. */
export const ownPeriod = (facts: Periodic, meter: string, at: Instant): MeterPeriod | null => {
  const startsAt = isAfterEnd(facts, at) ? (facts.term.expiresAt ?? at) : counterStart(facts, at);
  return ownPeriodAt(facts, meter, at, { startsAt, nextStartsAt: resetsAt(facts, at) });
};

/** Returns when the use of a meter begins at 0 again, as far as it is known at `at`; null: no such instant is known. */
export const meterResetsAt = (facts: Periodic, meter: string, at: Instant): Instant | null => {
  const own = ownPeriod(facts, meter, at);
  return own === null ? resetsAt(facts, at) : ownResetAt(own, facts, at);
};

const counterStart = (
  facts: Pick<Periodic, 'nextTerms' | 'term' | 'countersFrom' | 'createdAt'>,
  at: Instant,
): Instant =>
  (hasEnteredTerm(facts, at) ? startedBy(facts, at) : facts.countersFrom) ?? facts.term.startsAt ?? facts.createdAt;

/** Returns the start of the last renewed term that has started by `at`, or null. */
const startedBy = ({ nextTerms }: Counted, at: Instant): Instant | null =>
  nextTerms.findLast((startsAt) => startsAt <= at) ?? null;
