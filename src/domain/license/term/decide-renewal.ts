import { anchorAt, type CalendarAnchor } from '../../calendar.ts';
import { type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant, plusSeconds, secondsBetween } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { isExpired } from '../status.ts';
import { acceptPayment } from '../suspension/decide-suspension.ts';
import { expiryAnnouncement } from './decide-expiry.ts';
import { endOfDuration } from './duration-end.ts';
import { maintenanceOfTerm } from './maintenance.ts';
import { paymentName, repeatedRenewal } from './paid-terms.ts';
import { type RenewalTerms, renewalTerms } from './renewal-terms.ts';
import type { RenewalBasis } from './term-events.ts';

/**
 * Adds the next term; activations stay. Before the expiry it continues the running term. The expiry of an expired
 * term is announced first, so that none is missing from the history. A suspension stays, unless the license waits for
 * nothing but this payment. A payment withdraws the suspensions that were announced for it. Renewing to the present end,
 * and repeating a payment, change nothing.
 */
export const renew = ({ data, at }: CommandOf<'Renew'>, license: IssuedLicense): LicenseDecision => {
  const repeated = repeatedRenewal(license, data);
  if (repeated !== null) return repeated;
  const { facts } = license;
  const { number, expiresAt: previousExpiresAt } = facts.term;
  if (facts.term.startsAt === null)
    return refuse(`License ${facts.licenseId} has not started; there is no term to renew.`);
  if (previousExpiresAt === null)
    return refuse(
      `License ${facts.licenseId} is perpetual, so there is no term to renew. To end it at an instant, move its end with expiry.`,
    );
  const terms = 'expiresAt' in data ? fixedTerms(data.expiresAt) : renewalTerms(data, license);
  if ('rejected' in terms) return terms;
  const startsAt = renewalStart(terms.basis, facts, previousExpiresAt, at);
  const expiresAt =
    'expiresAt' in terms
      ? terms.expiresAt
      : endOfDuration(startsAt, terms.duration, facts.timeZone, anchorOf(license, startsAt));
  if (typeof expiresAt !== 'string') return expiresAt;
  if (!isInstant(expiresAt)) return refuse(`${expiresAt} is not an instant like 2026-01-31T00:00:00.000Z.`);
  // The term stays, but the payment has arrived.
  if (expiresAt === previousExpiresAt) return isPayment(data) ? acceptPayment(license, at) : [];
  const tooLate = refuseLateRenewal(facts, previousExpiresAt, at);
  if (tooLate !== null) return tooLate;
  if (expiresAt < previousExpiresAt) return refuseEarlierEnd(data, { expiresAt, previousExpiresAt });
  if (expiresAt <= at)
    return refuse(`The new term would have ended already at ${expiresAt}; renew from now or for longer.`);

  return [
    ...expiryAnnouncement(facts, at),
    {
      type: 'LicenseRenewed',
      data: {
        termNumber: number + 1,
        previousExpiresAt,
        startsAt,
        expiresAt,
        basis: terms.basis,
        gapSeconds: secondsBetween(previousExpiresAt, startsAt),
        ...paymentOf(license, data, terms),
        ...maintenanceOfTerm(facts, { startsAt, expiresAt }),
      },
    },
    ...(isPayment(data) ? acceptPayment(license, at) : []),
  ];
};

// A reference names a payment, whatever the reason of the request says.
const isPayment = ({ reasonCode, billingRef }: CommandOf<'Renew'>['data']): boolean =>
  reasonCode === 'PAYMENT' || billingRef !== undefined;

const fixedTerms = (expiresAt: Instant) => ({ basis: 'FIXED', expiresAt }) as const;

const paymentOf = (
  { termDuration }: IssuedLicense,
  { billingRef }: CommandOf<'Renew'>['data'],
  terms: RenewalTerms | ReturnType<typeof fixedTerms>,
) => {
  const payment = billingRef === undefined ? {} : { billingRef: paymentName(billingRef) };
  const isStored = 'duration' in terms && (billingRef !== undefined || terms.duration !== termDuration);
  return isStored ? { ...payment, duration: terms.duration } : payment;
};

const refuseEarlierEnd = (
  data: CommandOf<'Renew'>['data'],
  { expiresAt, previousExpiresAt }: { readonly expiresAt: Instant; readonly previousExpiresAt: Instant },
): Rejection<'TERM_NOT_LATER'> => {
  const ends = `The new term would end at ${expiresAt}, before the present one, at ${previousExpiresAt}.`;
  // Only a term that counts from now can end before the present one.
  const isOfPolicy = !('expiresAt' in data) && data.basis === undefined;
  const remedy = isOfPolicy
    ? 'It counts from now, because the renewalBasis of the policy is FROM_NOW. Send the basis FROM_EXPIRY to add to the present term, or a longer duration.'
    : 'Choose a later end, or move the end with expiry.';
  return reject('TERM_NOT_LATER', `${ends} ${remedy}`);
};

const refuseLateRenewal = ({ licenseId, policy }: LicenseFacts, previousExpiresAt: Instant, at: Instant) => {
  if (policy.renewUntilSeconds === undefined) return null;
  const renewableUntil = plusSeconds(previousExpiresAt, policy.renewUntilSeconds);
  return at >= renewableUntil ? refuse(`License ${licenseId} could be renewed until ${renewableUntil}.`) : null;
};

const renewalStart = (
  basis: RenewalBasis | 'FIXED',
  facts: LicenseFacts,
  previousExpiresAt: Instant,
  at: Instant,
): Instant => {
  switch (basis) {
    case 'FROM_EXPIRY':
      return previousExpiresAt;
    case 'FROM_NOW':
      return at;
    case 'FROM_NOW_IF_EXPIRED':
    case 'FIXED':
      // A license in its grace is not expired: the renewal does not add the days of grace.
      return isExpired(facts, at) ? at : previousExpiresAt;
  }
};

const anchorOf = ({ facts, calendarAnchor }: IssuedLicense, startsAt: Instant): CalendarAnchor | undefined =>
  startsAt === facts.term.expiresAt ? anchorAt(calendarAnchor, startsAt, facts.timeZone) : undefined;

const refuse = (detail: string): Rejection<'TERM_INVALID'> => reject('TERM_INVALID', detail);
