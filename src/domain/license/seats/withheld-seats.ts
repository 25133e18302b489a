import type { Instant } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';
import { excessOf } from '../usage/usage-limits.ts';

// The seat of a released borrow returns by the clock: no event says so. `usage` counts it until the next event about
// seats, so each answer takes off the seats that have returned.

type Withheld = LicenseFacts['withheldSeats'];

/** Returns how many withheld seats have returned to the pool by `at`. */
export const returnedSeats = (withheld: Withheld, at: Instant): number => {
  let returned = 0;
  for (const { freeAt } of withheld) if (freeAt <= at) returned += 1;
  return returned;
};

/** Returns the seats that are still withheld at `at`, without the one that its holder takes back. */
export const stillWithheld = (withheld: Withheld, at: Instant, takenBack: string | null = null): Withheld =>
  withheld.length === 0 ? withheld : withheld.filter(({ leaseId, freeAt }) => freeAt > at && leaseId !== takenBack);

/** Returns how many seats have a holder. Withheld seats are no longer of use to the license, so they do not count. */
export const seatsWithHolder = ({ usage, withheldSeats }: Pick<LicenseFacts, 'usage' | 'withheldSeats'>): number =>
  usage.seats - withheldSeats.length;

/**
 * Returns when so many withheld seats have returned that the seats are within their limit. Returns null when they are
 * within it at `at`, or when the withheld seats do not decide it.
 */
export const seatsWithinLimitAt = ({ usage, limits, withheldSeats }: LicenseFacts, at: Instant): Instant | null => {
  const above = excessOf(usage.seats - returnedSeats(withheldSeats, at), limits.seats);
  if (above === 0) return null;
  const ends = stillWithheld(withheldSeats, at).map(({ freeAt }) => freeAt);
  return ends.sort()[above - 1] ?? null;
};
