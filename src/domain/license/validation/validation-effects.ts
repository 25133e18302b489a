import { type Instant, secondsBetween } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';
import type { Validation, ValidationCode } from './validity.ts';

/**
 * True when this validation is the first use that the license's term waits for: nothing else speaks against it. A device
 * that is not activated yet, or has no seat yet, does not, because neither is to be had before the term begins.
 */
export const beginsTerm = ({ awaited }: LicenseFacts, { reasons }: Validation): boolean =>
  awaited?.trigger === 'FIRST_VALIDATION' && reasons.every((reason) => comesWithTheTerm.has(reason));

/**
 * True when this validation checks the license in: it is valid, or would be if it had been checked in earlier. So one that
 * comes late is told so, once, and the next one is in time.
 */
export const checksIn = ({ policy }: LicenseFacts, { valid, code, reasons }: Validation): boolean =>
  policy.checkInSeconds !== undefined &&
  (valid || (code === 'CHECK_IN_OVERDUE' && reasons.every((reason) => mayBeLate.has(reason))));

/**
 * True when a check-in is to be noted: the last one is a minute ago, or a tenth of the time within which the license has to
 * check in again, whichever is shorter. So a license that is validated all the time is not written all the time.
 */
export const isCheckInNoted = ({ policy }: LicenseFacts, lastCheckInAt: Instant | null, at: Instant): boolean => {
  const pauseSeconds = Math.min(60, (policy.checkInSeconds ?? 0) / 10);
  return lastCheckInAt === null || secondsBetween(lastCheckInAt, at) >= pauseSeconds;
};

const comesWithTheTerm: ReadonlySet<ValidationCode> = new Set(['NOT_YET_VALID', 'NOT_ACTIVATED', 'NO_LEASE']);
// EXPIRED after CHECK_IN_OVERDUE is a remark: under RESTRICT it would be the code.
const mayBeLate: ReadonlySet<ValidationCode> = new Set(['CHECK_IN_OVERDUE', 'EXPIRED']);
