import { reject } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { AwaitedTerm, IssuedLicense, LicenseFacts } from '../license.ts';
import { endOfDuration } from './duration-end.ts';

/** Starts the term that waits for this first use. Changes nothing when the term has started. */
export const startTerm = ({ data, at }: CommandOf<'StartTerm'>, { facts }: IssuedLicense): LicenseDecision => {
  if (facts.awaited === null) return [];
  const { trigger } = facts.awaited;
  if (trigger !== data.trigger)
    return reject('TERM_INVALID', `License ${facts.licenseId} starts by ${trigger}, not by ${data.trigger}.`);
  const started = firstTerm(facts, facts.awaited, at);
  return 'rejected' in started ? started : [started];
};

/** Returns the event that starts the awaited term now, or the refusal of a term beyond the calendar. */
export const firstTerm = (facts: LicenseFacts, { trigger, duration }: AwaitedTerm, startsAt: Instant) => {
  const expiresAt = endOfDuration(startsAt, duration, facts.timeZone);
  if (typeof expiresAt !== 'string') return expiresAt;
  const data = { termNumber: facts.term.number + 1, startsAt, expiresAt, trigger };
  return { type: 'LicenseTermStarted', data } as const;
};
