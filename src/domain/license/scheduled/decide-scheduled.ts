import { type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import type { Schedule } from './scheduled-commands.ts';

/** Why a change cannot be announced for then; null when it can, or is not to be. */
export const scheduleFault = (scheduled: Schedule | undefined, at: Instant): Rejection<'TERM_INVALID'> | null =>
  scheduled === undefined || (isInstant(scheduled.effectiveAt) && scheduled.effectiveAt > at)
    ? null
    : reject('TERM_INVALID', `A change can be announced for the future only; ${scheduled.effectiveAt} is not.`);

/** Withdraws a change that was announced and has not come. */
export const cancelScheduled = (
  { data: { eventId }, at }: CommandOf<'CancelScheduled'>,
  { facts }: IssuedLicense,
): LicenseDecision => {
  const found = facts.scheduled.find((each) => each.eventId === eventId);
  if (found === undefined)
    return reject('NOT_FOUND', `License ${facts.licenseId} awaits no change that this event announced.`);
  if (found.effectiveAt <= at)
    return reject('NOT_FOUND', `The change that ${eventId} announced holds since ${found.effectiveAt}.`);
  return [{ type: 'ScheduledChangeCancelled', data: { eventId } }];
};
