import { isRejection, reject, stamp } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { AwaitedTerm, IssuedLicense, LicenseFacts } from '../license.ts';
import { endOfDuration } from './duration-end.ts';
import { evolveTermFacts } from './evolve-term.ts';
import { maintenanceOfTerm } from './maintenance.ts';
import type { FirstUse } from './term-events.ts';

/** Starts the term that waits for this first use. Changes nothing when the term has started. */
export const startTerm = ({ data, at }: CommandOf<'StartTerm'>, { facts }: IssuedLicense): LicenseDecision => {
  if (facts.awaited === null) return [];
  const { trigger } = facts.awaited;
  if (trigger !== data.trigger)
    return reject('TERM_INVALID', `License ${facts.licenseId} starts by ${trigger}, not by ${data.trigger}.`);
  const started = firstTerm(facts, facts.awaited, at);
  return 'rejected' in started ? started : [started];
};

/**
 * Decides a use on the license as it is once the use has begun the term that waits for it; the start comes first, in
 * the same append. A use that is refused, or changes nothing, begins no term.
 */
export const withFirstTerm = (
  license: IssuedLicense,
  use: 'ACTIVATION' | 'SEAT' | 'USAGE',
  at: Instant,
  decideUse: (license: IssuedLicense) => LicenseDecision,
): LicenseDecision => {
  const { facts } = license;
  if (facts.awaited === null || !beginsWith[facts.awaited.trigger].includes(use)) return decideUse(license);
  const start = firstTerm(facts, facts.awaited, at);
  if ('rejected' in start) return start;
  const decision = decideUse({ ...license, facts: evolveTermFacts(facts, start, stamp(start, at).at) });
  return isRejection(decision) || decision.length === 0 ? decision : [start, ...decision];
};

// A validation begins a term by a command of its own, `StartTerm`.
const beginsWith: Readonly<Record<FirstUse, readonly string[]>> = {
  FIRST_ACTIVATION: ['ACTIVATION', 'SEAT'],
  FIRST_VALIDATION: ['ACTIVATION', 'SEAT', 'USAGE'],
};

/** Returns the event that starts the awaited term now, or the refusal of a term beyond the calendar. */
const firstTerm = (facts: LicenseFacts, { trigger, duration }: AwaitedTerm, startsAt: Instant) => {
  const expiresAt = endOfDuration(startsAt, duration, facts.timeZone);
  if (typeof expiresAt !== 'string') return expiresAt;
  const maintenance = maintenanceOfTerm(facts, { startsAt, expiresAt });
  const data = { termNumber: facts.term.number + 1, startsAt, expiresAt, trigger, ...maintenance };
  return { type: 'LicenseTermStarted', data } as const;
};
