import { type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant } from '../../time.ts';
import type { Schedule } from './scheduled-commands.ts';

/** Refuses to announce a change for another instant than one in the future; undefined: the change is not announced. */
export const refuseSchedule = (scheduled: Schedule | undefined, at: Instant): Rejection<'TERM_INVALID'> | null =>
  scheduled === undefined || (isInstant(scheduled.effectiveAt) && scheduled.effectiveAt > at)
    ? null
    : reject('TERM_INVALID', `A change can be announced for the future only; ${scheduled.effectiveAt} is not.`);
