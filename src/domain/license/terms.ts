import { type Rejection, reject } from '../decider.ts';
import { addDuration, anchorDayOf, type Instant, isInstant, parseDuration, secondsBetween } from '../time.ts';
import type { CommandOf, LicenseDecision, TermRequest } from './commands.ts';
import type { IssuedTerm, LicenseEvent, RenewalBasis } from './events.ts';
import type { IssuedLicense, LicenseFacts } from './license.ts';
import { graceUntil, isExpired, isSuspended } from './status.ts';

type Refused = Rejection<'TERM_INVALID'>;

/** The first term as it is stored, or why there can be no such term. One that is over already is refused. */
export const issuedTerm = (request: TermRequest, at: Instant): IssuedTerm | Refused => {
  const startsAt = request.startsAt ?? at;
  if (!isInstant(startsAt)) return refuse(`${startsAt} is not an instant like 2026-01-31T00:00:00.000Z.`);
  if (request.kind === 'perpetual')
    return { basis: 'PERPETUAL', duration: null, startsAt, expiresAt: null, timeZone: 'UTC' };

  const expiresAt = request.kind === 'fixed' ? request.expiresAt : endOf(startsAt, request.duration);
  if (typeof expiresAt !== 'string') return expiresAt;
  if (!isInstant(expiresAt)) return refuse(`${expiresAt} is not an instant like 2026-01-31T00:00:00.000Z.`);
  if (expiresAt <= startsAt) return refuse(`A term that starts at ${startsAt} cannot end at ${expiresAt}.`);
  if (expiresAt <= at) return refuse(`A term that ends at ${expiresAt} is over before the license is issued.`);
  return request.kind === 'fixed'
    ? { basis: 'FIXED', duration: null, startsAt, expiresAt, timeZone: 'UTC' }
    : { basis: 'ISSUE', duration: request.duration, startsAt, expiresAt, timeZone: 'UTC' };
};

/**
 * Starts the next term; activations are kept. Before expiry it is stacked on the running term. A term that ran out
 * unannounced is announced first, so that no expiry goes missing from the history. A suspension stays, unless the renewal
 * is the payment that all its grounds were waiting for.
 */
export const renew = (command: CommandOf<'Renew'>, license: IssuedLicense): LicenseDecision => {
  const { data, at } = command;
  const { facts } = license;
  const { number, expiresAt: previousExpiresAt } = facts.term;
  if (previousExpiresAt === null) return refuse(`License ${facts.licenseId} is perpetual; there is no term to renew.`);
  const startsAt = renewalStart('basis' in data ? data.basis : 'FROM_NOW_IF_EXPIRED', facts, previousExpiresAt, at);
  const expiresAt = 'duration' in data ? endOf(startsAt, data.duration, anchorOf(license, startsAt)) : data.expiresAt;
  if (typeof expiresAt !== 'string') return expiresAt;
  if (!isInstant(expiresAt)) return refuse(`${expiresAt} is not an instant like 2026-01-31T00:00:00.000Z.`);
  if (expiresAt <= previousExpiresAt)
    return refuse(`The new term would end at ${expiresAt}, not after ${previousExpiresAt} when the last one does.`);
  if (expiresAt <= at)
    return refuse(`The new term would be over already at ${expiresAt}; renew from now or for longer.`);

  return [
    ...announcement(facts, previousExpiresAt, at),
    {
      type: 'LicenseRenewed',
      data: {
        termNumber: number + 1,
        previousExpiresAt,
        startsAt,
        expiresAt,
        basis: 'basis' in data ? data.basis : 'FIXED',
        gapSeconds: secondsBetween(previousExpiresAt, startsAt),
      },
    },
    ...reinstatementByPayment(command, license),
  ];
};

/**
 * Announces that the term ran out, at the instant it did. Changes nothing where a stale or repeated sweep asks: another
 * term, announced already, not over yet.
 */
export const expire = ({ data, at }: CommandOf<'Expire'>, { facts }: IssuedLicense): LicenseDecision =>
  data.termNumber === facts.term.number && facts.term.expiresAt !== null
    ? announcement(facts, facts.term.expiresAt, at)
    : [];

const announcement = (facts: LicenseFacts, expiresAt: Instant, at: Instant): readonly LicenseEvent[] => {
  const { number: termNumber } = facts.term;
  if (facts.announcedTerm >= termNumber || at < expiresAt) return [];
  return [
    { type: 'LicenseExpired', data: { termNumber, expiresAt, graceUntil: graceUntil(facts) }, effectiveAt: expiresAt },
  ];
};

const reinstatementByPayment = (
  { data, at }: CommandOf<'Renew'>,
  { facts, suspendedFor }: IssuedLicense,
): readonly LicenseEvent[] => {
  if (data.reasonCode !== 'PAYMENT' || !facts.policy.reinstateOnPayment) return [];
  if (facts.suspension === null || !isSuspended(facts, at)) return [];
  const grounds = [...suspendedFor].filter(([, until]) => until === null || at < until);
  if (grounds.some(([reasonCode]) => reasonCode !== 'PAYMENT')) return [];
  const { since } = facts.suspension;
  return [
    { type: 'LicenseReinstated', data: { suspendedSince: since, suspendedForSeconds: secondsBetween(since, at) } },
  ];
};

const renewalStart = (basis: RenewalBasis, facts: LicenseFacts, previousExpiresAt: Instant, at: Instant): Instant => {
  switch (basis) {
    case 'FROM_EXPIRY':
      return previousExpiresAt;
    case 'FROM_NOW':
      return at;
    case 'FROM_NOW_IF_EXPIRED':
      // A license in its grace is not EXPIRED: the days of grace are not given away on top.
      return isExpired(facts, at) ? at : previousExpiresAt;
  }
};

const anchorOf = ({ facts, calendarAnchor }: IssuedLicense, startsAt: Instant): number | undefined =>
  startsAt === facts.term.expiresAt ? anchorDayOf(calendarAnchor, startsAt) : undefined;

const endOf = (startsAt: Instant, text: string, anchorDay?: number): Instant | Refused => {
  const duration = parseDuration(text);
  if (duration === null)
    return refuse(`${JSON.stringify(text)} is not a duration like P1Y, P30D or PT1H of at most 100 years.`);
  return addDuration(startsAt, duration, anchorDay) ?? refuse('A term cannot last beyond the year 9999.');
};

const refuse = (detail: string): Refused => reject('TERM_INVALID', detail);
