import { type Instant, secondsBetween } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';
import type { ValidationCode } from './validation-codes.ts';
import type { Validation } from './validity.ts';

/**
 * Returns true when this validation is the first use that starts the awaited term: the license is valid but for the
 * term. A missing activation or seat does not count, because a license has neither before its term starts.
 */
export const startsTerm = ({ awaited }: LicenseFacts, { reasons }: Validation): boolean =>
  awaited?.trigger === 'FIRST_VALIDATION' && reasons.every((reason) => missingBeforeTerm.has(reason));

/**
 * Returns true when this validation checks the license in: the license is valid, or only its check-in is late. A late
 * client gets CHECK_IN_OVERDUE once, and its next validation is on time.
 */
export const checksIn = ({ policy }: LicenseFacts, { valid, code, reasons }: Validation): boolean =>
  policy.checkInSeconds !== undefined &&
  (valid || (code === 'CHECK_IN_OVERDUE' && reasons.every((reason) => allowedWhenLate.has(reason))));

/**
 * Returns true when a check-in is to be recorded: 60 seconds after the last one, or after a tenth of the check-in
 * period if that is shorter. So frequent validations do not write each time.
 */
export const isCheckInNoted = ({ policy }: LicenseFacts, lastCheckInAt: Instant | null, at: Instant): boolean => {
  const pauseSeconds = Math.min(60, (policy.checkInSeconds ?? 0) / 10);
  return lastCheckInAt === null || secondsBetween(lastCheckInAt, at) >= pauseSeconds;
};

const missingBeforeTerm: ReadonlySet<ValidationCode> = new Set(['NOT_YET_VALID', 'NOT_ACTIVATED', 'NO_LEASE']);
// EXPIRED after CHECK_IN_OVERDUE is a remark: under RESTRICT it would be the code.
const allowedWhenLate: ReadonlySet<ValidationCode> = new Set(['CHECK_IN_OVERDUE', 'EXPIRED']);
