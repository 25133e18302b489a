import { type Rejection, reject } from '../../decider.ts';
import { type Instant, parseDuration } from '../../time.ts';
import type { CommandOf } from '../commands.ts';
import type { EventOf } from '../events.ts';
import type { IssuedLicense, PaidTerm } from '../license.ts';
import { endOfDuration } from './duration-end.ts';
import type { RenewalDuration } from './term-commands.ts';

/** Returns the term that was paid for under this reference; null when there is none. */
export const paidTermOf = ({ paidTerms }: IssuedLicense, billingRef: string | null | undefined): PaidTerm | null =>
  (typeof billingRef === 'string' ? paidTerms.get(billingRef) : undefined) ?? null;

/**
 * Decides a renewal with the reference of an earlier payment: it changes nothing when its terms are the same, and is
 * refused otherwise. A part that the request leaves out is the same. Returns null for a renewal without a reference, or with a new one.
 */
export const repeatedRenewal = (license: IssuedLicense, data: CommandOf<'Renew'>['data']) => {
  const paid = paidTermOf(license, data.billingRef);
  if (paid === null) return null;
  const isSame =
    paid.policyId === null && ('expiresAt' in data ? paid.expiresAt === data.expiresAt : isBought(paid, data));
  return isSame ? [] : reused(license, data.billingRef, paid);
};

/** Decides a conversion with the reference of an earlier payment, as `repeatedRenewal` does. */
export const repeatedConversion = (license: IssuedLicense, { target, term, billingRef }: Conversion) => {
  const paid = paidTermOf(license, billingRef);
  if (paid === null) return null;
  const endOfTerm = () => {
    if (term.kind === 'perpetual') return null;
    return term.kind === 'fixed'
      ? term.expiresAt
      : endOfDuration(paid.countedFrom, term.duration, license.facts.timeZone);
  };
  const isSame = paid.policyId === target.policy.policyId && paid.expiresAt === endOfTerm();
  return isSame ? [] : reused(license, billingRef, paid);
};

/** Notes, in place, which term a renewal was paid for. */
export const notePaidRenewal = (license: IssuedLicense, { data }: EventOf<'LicenseRenewed'>): void => {
  const { billingRef, duration = null, termNumber, startsAt, expiresAt, basis } = data;
  if (billingRef === undefined) return;
  license.paidTerms.set(billingRef, {
    ...{ termNumber, startsAt, expiresAt, basis, duration },
    ...{ countedFrom: startsAt, policyId: null },
  });
};

/** Notes, in place, the payment of a conversion. The start of the paid term follows in the same append. */
export const notePaidConversion = (
  license: IssuedLicense,
  { data: { billingRef, policyId } }: EventOf<'TrialConverted'>,
  startsAt: Instant,
): void => {
  if (billingRef === null || license.paidTerms.has(billingRef)) return;
  const termNumber = license.facts.term.number + 1;
  const conversion = { basis: 'CONVERSION', duration: null, policyId } as const;
  license.paidTerms.set(billingRef, { termNumber, startsAt, countedFrom: startsAt, expiresAt: null, ...conversion });
};

/** Notes, in place, the start and end of the term that a conversion paid for. */
export const notePaidStart = (license: IssuedLicense, { data }: EventOf<'LicenseTermStarted'>): void => {
  if (data.trigger !== 'TRIAL_CONVERTED') return;
  const { termNumber, startsAt, expiresAt, countedFrom = startsAt } = data;
  for (const [billingRef, paid] of license.paidTerms)
    if (paid.basis === 'CONVERSION' && paid.termNumber === termNumber)
      license.paidTerms.set(billingRef, { ...paid, startsAt, expiresAt, countedFrom });
};

type Conversion = CommandOf<'ConvertTrial'>['data'];

// A renewal that leaves out a part takes it from the policy, which may have changed since.
const isBought = (paid: PaidTerm, { duration, basis }: RenewalDuration): boolean =>
  (basis === undefined || paid.basis === basis) &&
  (duration === undefined || (paid.duration !== null && isSameDuration(paid.duration, duration)));

const isSameDuration = (a: string, b: string): boolean => {
  const [left, right] = [parseDuration(a), parseDuration(b)];
  return (
    left !== null &&
    right !== null &&
    left.months === right.months &&
    left.days === right.days &&
    left.milliseconds === right.milliseconds
  );
};

const reused = (
  { facts }: IssuedLicense,
  billingRef: string | null | undefined,
  { termNumber, expiresAt }: PaidTerm,
): Rejection<'BILLING_REF_REUSED'> =>
  reject(
    'BILLING_REF_REUSED',
    `The payment ${billingRef} paid for term ${termNumber} of license ${facts.licenseId}, which ends ${expiresAt === null ? 'never' : `at ${expiresAt}`}. Send the terms of that payment again, or another billingRef.`,
    'billingRef',
  );
