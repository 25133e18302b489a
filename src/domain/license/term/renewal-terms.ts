import { type Rejection, reject } from '../../decider.ts';
import type { IssuedLicense } from '../license.ts';
import type { RenewalDuration } from './term-commands.ts';
import type { RenewalBasis } from './term-events.ts';

/** The duration of a renewal, and where it counts from. */
export type RenewalTerms = { readonly duration: string; readonly basis: RenewalBasis };

/**
 * Returns the terms of a renewal. A part that the request leaves out is that of the policy. A policy without
 * `renewalDuration` renews for the duration of the last term under this policy that had one, else for the duration of
 * the policy in the catalog. A policy without `renewalBasis` continues a term that has not expired. Refuses a renewal
 * without any duration.
 */
export const renewalTerms = (
  { duration, basis, policyDuration }: RenewalDuration,
  { facts, termDuration }: IssuedLicense,
): RenewalTerms | Rejection<'TERM_INVALID'> => {
  const { renewalDuration, renewalBasis } = facts.policy;
  const length = duration ?? renewalDuration ?? termDuration ?? policyDuration;
  if (length === undefined)
    return reject(
      'TERM_INVALID',
      `License ${facts.licenseId} has no duration to renew for: neither its policy nor its last term has one. Send duration, such as P1Y, or expiresAt.`,
      'duration',
    );
  // A request with a duration alone has always counted from the expiry.
  const otherwise = duration === undefined ? 'FROM_NOW_IF_EXPIRED' : 'FROM_EXPIRY';
  return { duration: length, basis: basis ?? renewalBasis ?? otherwise };
};
