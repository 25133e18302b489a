import { validationDaysKept, validationsKnownFrom } from '../../../domain/license/validation/inactivity.ts';
import type { Instant } from '../../../domain/time.ts';
import { type Problem, problem } from '../../problems/problems.ts';
import type { LicenseFilters } from './list-query.ts';

/** Returns the place of a filter in the request. */
type Pointer = (name: string) => string;

/** Refuses filters of licenses that do not fit together, or that ask for what is no longer known. */
export const refuseFilters = (filters: LicenseFilters, now: Instant, pointer: Pointer): Problem | null =>
  refuseOtherStatus(filters, pointer) ?? refuseUnknown(filters, now, pointer);

/** Refuses the reason of a suspension with a status that has none. */
const refuseOtherStatus = ({ status, suspendedFor }: LicenseFilters, pointer: Pointer): Problem | null => {
  if (suspendedFor === undefined || status === undefined || status === 'SUSPENDED') return null;
  const detail = `suspendedFor does not work with status=${status}. Use status=SUSPENDED, or leave status out.`;
  return problem('INVALID_REQUEST', detail, [{ pointer: pointer('suspendedFor'), detail }]);
};

/** Refuses an instant from which on validations are no longer known. */
const refuseUnknown = ({ lastValidatedBefore }: LicenseFilters, now: Instant, pointer: Pointer): Problem | null => {
  const from = validationsKnownFrom(now);
  // The whole day is known, so that the pages of one list are answered while time passes.
  if (lastValidatedBefore === undefined || lastValidatedBefore >= from.slice(0, 'YYYY-MM-DD'.length)) return null;
  const detail = `lastValidatedBefore must be at most ${validationDaysKept} days ago, because validations are kept for as long. Use ${from} or a later instant.`;
  return problem('INVALID_REQUEST', detail, [{ pointer: pointer('lastValidatedBefore'), detail }]);
};
