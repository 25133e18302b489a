import { type Rejection, reject } from '../../decider.ts';
import { type Instant, parseDuration } from '../../time.ts';
import type { CommandOf } from '../commands.ts';
import type { EventOf } from '../events.ts';
import type { IssuedLicense, PaidTerm } from '../license.ts';
import type { Tier } from '../policy.ts';
import type { ConversionTerm } from '../tiers/tier-commands.ts';
import { endOfDuration } from './duration-end.ts';
import type { RenewalDuration } from './term-commands.ts';

/**
 * Returns the reference of a payment as it is stored: in Unicode form NFC, without white space and control characters
 * around it. A reference of nothing else stays as it is. Case matters.
 */
export const paymentName = (billingRef: string): string =>
  billingRef.replace(around, '').normalize('NFC') || billingRef;
const around = /^[\s\p{Cc}\p{Cf}]+|[\s\p{Cc}\p{Cf}]+$/gu;

/** Returns the term that was paid for under this reference, in any spelling of it; null when there is none. */
export const paidTermOf = ({ paidTerms }: IssuedLicense, billingRef: string | null | undefined): PaidTerm | null => {
  if (typeof billingRef !== 'string') return null;
  // Earlier builds stored the reference as it was sent.
  return paidTerms.get(billingRef) ?? paidTerms.get(paymentName(billingRef)) ?? null;
};

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

/** A move to a policy that is paid for. Each part that the request does not name is absent. */
export type Purchase = {
  readonly billingRef: string | null;
  readonly policyId?: string | undefined;
  readonly tier?: Tier | undefined;
  readonly term?: ConversionTerm | undefined;
};

/**
 * Decides a conversion or a change of tier with the reference of an earlier payment, as `repeatedRenewal` does. The
 * policy of a tier and the term of a policy may have changed since, so only what the request names is compared.
 */
export const repeatedPurchase = (license: IssuedLicense, { billingRef, policyId, tier, term }: Purchase) => {
  const paid = paidTermOf(license, billingRef);
  if (paid === null) return null;
  const isSame =
    paid.policyId !== null &&
    (policyId === undefined || paid.policyId === policyId) &&
    (tier === undefined || paid.tier === tier) &&
    (term === undefined || paid.expiresAt === endOf(term, paid, license.facts.timeZone));
  return isSame ? [] : reused(license, billingRef, paid);
};

const endOf = (term: ConversionTerm, { countedFrom }: PaidTerm, timeZone: string) => {
  if (term.kind === 'perpetual') return null;
  return term.kind === 'fixed' ? term.expiresAt : endOfDuration(countedFrom, term.duration, timeZone);
};

/** Notes, in place, which term a renewal was paid for. */
export const notePaidRenewal = (license: IssuedLicense, { data }: EventOf<'LicenseRenewed'>): void => {
  const { billingRef, duration = null, termNumber, startsAt, expiresAt, basis } = data;
  if (billingRef === undefined) return;
  license.paidTerms.set(billingRef, {
    ...{ termNumber, startsAt, expiresAt, basis, duration },
    ...{ countedFrom: startsAt, policyId: null, tier: null },
  });
};

/** Notes, in place, the payment of a conversion. The start of the paid term follows in the same append. */
export const notePaidConversion = (
  license: IssuedLicense,
  { data: { billingRef, policyId, toTier: tier } }: EventOf<'TrialConverted'>,
  startsAt: Instant,
): void => {
  if (billingRef === null || license.paidTerms.has(billingRef)) return;
  const termNumber = license.facts.term.number + 1;
  const conversion = { basis: 'CONVERSION', duration: null, policyId, tier } as const;
  license.paidTerms.set(billingRef, { termNumber, startsAt, countedFrom: startsAt, expiresAt: null, ...conversion });
};

/** Notes, in place, the start and end of the term that a conversion or a change of tier paid for. */
export const notePaidStart = (license: IssuedLicense, { data }: EventOf<'LicenseTermStarted'>): void => {
  const { termNumber, startsAt, expiresAt, countedFrom = startsAt, billingRef } = data;
  if (billingRef !== undefined) {
    const { policyId, tier } = license.facts.policy;
    const bought = { basis: 'CONVERSION', duration: null, policyId, tier } as const;
    license.paidTerms.set(billingRef, { termNumber, startsAt, expiresAt, countedFrom, ...bought });
  }
  if (data.trigger !== 'TRIAL_CONVERTED') return;
  for (const [billingRef, paid] of license.paidTerms)
    if (paid.basis === 'CONVERSION' && paid.termNumber === termNumber)
      license.paidTerms.set(billingRef, { ...paid, startsAt, expiresAt, countedFrom });
};

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
