import { addDuration, anchorDayOf } from '../../calendar.ts';
import { type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant, parseDuration, plusSeconds, secondsBetween } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { LicenseEvent } from '../events.ts';
import type { TermRequest } from '../issue/issue-commands.ts';
import type { IssuedTerm } from '../issue/issue-events.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { graceUntil, isExpired, suspensionAt } from '../status.ts';
import type { RenewalBasis } from './term-events.ts';

type Refused = Rejection<'TERM_INVALID'>;

/** The first term as it is stored, or why there can be no such term. One that is over already is refused, unless it may be. */
export const issuedTerm = (
  request: TermRequest,
  at: Instant,
  timeZone: string,
  mayBeOver: boolean,
): IssuedTerm | Refused => {
  if (request.kind === 'firstActivation' || request.kind === 'firstValidation') {
    const { kind, duration } = request;
    const end = endOf(at, duration, timeZone);
    if (typeof end !== 'string') return end;
    const basis = kind === 'firstActivation' ? 'FIRST_ACTIVATION' : 'FIRST_VALIDATION';
    return { basis, duration, startsAt: null, expiresAt: null, timeZone };
  }
  const startsAt = request.startsAt ?? at;
  if (!isInstant(startsAt)) return refuse(`${startsAt} is not an instant like 2026-01-31T00:00:00.000Z.`);
  if (request.kind === 'perpetual') return { basis: 'PERPETUAL', duration: null, startsAt, expiresAt: null, timeZone };

  const expiresAt = request.kind === 'fixed' ? request.expiresAt : endOf(startsAt, request.duration, timeZone);
  if (typeof expiresAt !== 'string') return expiresAt;
  if (!isInstant(expiresAt)) return refuse(`${expiresAt} is not an instant like 2026-01-31T00:00:00.000Z.`);
  if (expiresAt <= startsAt) return refuse(`A term that starts at ${startsAt} cannot end at ${expiresAt}.`);
  if (expiresAt <= at && !mayBeOver)
    return refuse(`A term that ends at ${expiresAt} is over before the license is issued.`);
  return request.kind === 'fixed'
    ? { basis: 'FIXED', duration: null, startsAt, expiresAt, timeZone }
    : { basis: 'ISSUE', duration: request.duration, startsAt, expiresAt, timeZone };
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
  if (facts.term.startsAt === null)
    return refuse(`License ${facts.licenseId} has not started; there is no term to renew.`);
  if (previousExpiresAt === null) return refuse(`License ${facts.licenseId} is perpetual; there is no term to renew.`);
  const { renewUntilSeconds } = facts.policy;
  if (renewUntilSeconds !== undefined && at >= plusSeconds(previousExpiresAt, renewUntilSeconds))
    return refuse(
      `License ${facts.licenseId} could be renewed until ${plusSeconds(previousExpiresAt, renewUntilSeconds)}.`,
    );
  const startsAt = renewalStart('basis' in data ? data.basis : 'FROM_NOW_IF_EXPIRED', facts, previousExpiresAt, at);
  const expiresAt =
    'duration' in data ? endOf(startsAt, data.duration, facts.timeZone, anchorOf(license, startsAt)) : data.expiresAt;
  if (typeof expiresAt !== 'string') return expiresAt;
  if (!isInstant(expiresAt)) return refuse(`${expiresAt} is not an instant like 2026-01-31T00:00:00.000Z.`);
  if (expiresAt <= previousExpiresAt)
    return refuse(`The new term would end at ${expiresAt}, not after ${previousExpiresAt} when the last one does.`);
  if (expiresAt <= at)
    return refuse(`The new term would be over already at ${expiresAt}; renew from now or for longer.`);

  return [
    ...announcement(facts, at),
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
  data.termNumber === facts.term.number ? announcement(facts, at) : [];

/** `LicenseExpired` of a term that is over and was not announced; none otherwise. */
export const announcement = (facts: LicenseFacts, at: Instant): readonly LicenseEvent[] => {
  const { number: termNumber, expiresAt } = facts.term;
  if (expiresAt === null || facts.announcedTerm >= termNumber || at < expiresAt) return [];
  return [
    { type: 'LicenseExpired', data: { termNumber, expiresAt, graceUntil: graceUntil(facts) }, effectiveAt: expiresAt },
  ];
};

const reinstatementByPayment = (
  { data, at }: CommandOf<'Renew'>,
  { facts, suspendedFor }: IssuedLicense,
): readonly LicenseEvent[] => {
  const suspension = suspensionAt(facts, at);
  if (data.reasonCode !== 'PAYMENT' || !facts.policy.reinstateOnPayment || suspension === null) return [];
  const recorded = [...suspendedFor].filter(([, until]) => until === null || at < until);
  const announced = facts.scheduled.flatMap(({ effectiveAt, change }) =>
    change.kind === 'SUSPENSION' && effectiveAt <= at && (change.until === null || at < change.until)
      ? [change.reasonCode]
      : [],
  );
  if ([...recorded.map(([reasonCode]) => reasonCode), ...announced].some((reasonCode) => reasonCode !== 'PAYMENT'))
    return [];
  const { since } = suspension;
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
  startsAt === facts.term.expiresAt ? anchorDayOf(calendarAnchor, startsAt, facts.timeZone) : undefined;

/** The end of a calendar duration in the issuer's time zone, or why there is none. */
export const endOf = (
  startsAt: Instant,
  text: string,
  timeZone: string,
  anchorDay?: number,
): Instant | Rejection<'TERM_INVALID'> => {
  const duration = parseDuration(text);
  if (duration === null)
    return refuse(`${JSON.stringify(text)} is not a duration like P1Y, P30D or PT1H of at most 100 years.`);
  return addDuration(startsAt, duration, anchorDay, timeZone) ?? refuse('A term cannot last beyond the year 9999.');
};

const refuse = (detail: string): Refused => reject('TERM_INVALID', detail);
