import type { At } from '../../decider.ts';
import { earlier, type Instant } from '../../time.ts';
import type { LicenseFacts, Usage } from '../license.ts';
import { returnedSeats } from '../seats/withheld-seats.ts';

// Meters and releases of devices count for the term that runs at the server's instant. A renewal before the expiry adds
// a term that starts later: until then the counters of the running term go on, and at its start they begin at 0. After
// the end of the last term they go on, too. A renewal from that end makes them those of the renewed term.

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

/** Returns the usage at `at`: its meters are those of the term that runs then, and seats that have returned are free. */
export const usageAt = (facts: Counted & Pick<LicenseFacts, 'usage' | 'withheldSeats'>, at: Instant): Usage => {
  const { usage, withheldSeats } = facts;
  const isNextTerm = hasEnteredTerm(facts, at);
  const returned = returnedSeats(withheldSeats, at);
  if (!isNextTerm && returned === 0) return usage;
  return { ...usage, seats: usage.seats - returned, meters: isNextTerm ? {} : usage.meters };
};

/** Returns the facts with the counters of the term that runs at `at`. */
export const inTermAt = (facts: LicenseFacts, at: Instant): LicenseFacts =>
  hasEnteredTerm(facts, at)
    ? {
        ...facts,
        usage: { ...facts.usage, meters: {} },
        countersFrom: startedBy(facts, at),
        nextTerms: facts.nextTerms.filter((startsAt) => startsAt > at),
      }
    : facts;

/** Returns true at the end of the last term and afterwards. */
export const isAfterEnd = ({ term: { expiresAt } }: Pick<LicenseFacts, 'term'>, at: Instant): boolean =>
  expiresAt !== null && at >= expiresAt;

/**
 * Returns the counters after a term was added that starts at `startsAt`. They go on until then. Now they begin at 0, or
 * with what was used since the end of the last term when the new one starts there.
 */
export const countersOf = (
  { usage, nextTerms, metersAfterEnd, countersFrom, term }: LicenseFacts,
  startsAt: Instant,
  at: Instant,
): Pick<LicenseFacts, 'usage' | 'nextTerms' | 'metersAfterEnd' | 'countersFrom'> =>
  startsAt > at
    ? {
        usage,
        countersFrom,
        nextTerms: [...nextTerms.filter((start) => start < startsAt), startsAt],
        metersAfterEnd: {},
      }
    : {
        usage: { ...usage, meters: startsAt === term.expiresAt ? metersAfterEnd : {} },
        countersFrom: startsAt,
        nextTerms: [],
        metersAfterEnd: {},
      };

/**
 * Returns the period that usage at `at` counts for: from the start of the running counter to the start of the next
 * renewed term, or else to the end of the last term. Its end is null for a perpetual term, and after that end.
 */
export const countedPeriod = (
  facts: Counted & Pick<LicenseFacts, 'term' | 'countersFrom' | 'createdAt'>,
  at: Instant,
): { readonly periodStart: Instant; readonly periodEnd: Instant | null } => {
  const { term, countersFrom, createdAt } = facts;
  const periodStart = (hasEnteredTerm(facts, at) ? startedBy(facts, at) : countersFrom) ?? term.startsAt ?? createdAt;
  return { periodStart, periodEnd: resetsAt(facts, at) ?? (isAfterEnd(facts, at) ? null : term.expiresAt) };
};

/** Returns the start of the last renewed term that has started by `at`, or null. */
const startedBy = ({ nextTerms }: Counted, at: Instant): Instant | null =>
  nextTerms.findLast((startsAt) => startsAt <= at) ?? null;
