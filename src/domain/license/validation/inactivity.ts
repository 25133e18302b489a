import { earlier, type Instant, plusSeconds } from '../../time.ts';

/** After this many days without a validation, an ACTIVE license is inactive. */
export const inactiveAfterDays = 30;

/** For how many days validations are known. */
export const validationDaysKept = 400;

/**
 * Returns the instant before which an ACTIVE license must have been issued and last validated to be inactive at `now`.
 * `atMost`: an earlier instant that a caller names.
 */
export const inactiveBefore = (now: Instant, atMost: Instant = now): Instant =>
  earlier(daysBefore(now, inactiveAfterDays), atMost);

/** Returns the earliest instant since which the validations of a license are known at `now`. */
export const validationsKnownFrom = (now: Instant): Instant => daysBefore(now, validationDaysKept);

const daysBefore = (instant: Instant, days: number): Instant => plusSeconds(instant, -days * secondsPerDay);
const secondsPerDay = 86_400;
