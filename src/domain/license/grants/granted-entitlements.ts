import { type Rejection, reject } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { LicenseRejection } from '../commands.ts';
import type { LicenseFacts } from '../license.ts';
import { refuseUse } from '../usage/usage-guard.ts';
import type { Entitlement } from './entitlement.ts';

/**
 * Returns what a license grants at `at` for a product (null: any), one entitlement per source. Refuses a license that
 * may not be used. An expired license still grants when its policy allows further use.
 */
export const featuresOf = (
  facts: LicenseFacts,
  product: string | null,
  at: Instant,
): readonly Entitlement[] | Rejection<LicenseRejection> => {
  if (facts.revokedAt !== null) return reject('LICENSE_REVOKED', `License ${facts.licenseId} was revoked.`);
  const endless = { ...facts, term: { ...facts.term, expiresAt: null } };
  const refusal = refuseUse(facts.policy.expiryStrategy === 'RESTRICT' ? facts : endless, product, at);
  return refusal ?? grantedAt(facts, at);
};

/** Returns the entitlements of a license that have not ended at `at`. */
export const grantedAt = ({ entitlements }: Pick<LicenseFacts, 'entitlements'>, at: Instant): readonly Entitlement[] =>
  entitlements.filter((entitlement) => !isEnded(entitlement, at));

/** Returns true from the end of the entitlement on. */
export const isEnded = ({ until }: Pick<Entitlement, 'until'>, at: Instant): boolean => until !== null && at >= until;
