import { type Rejection, reject } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { LicenseRejection } from '../commands.ts';
import type { LicenseFacts } from '../license.ts';
import { refuseUse } from '../usage/usage-guard.ts';
import { type EffectiveEntitlement, effectiveEntitlements } from './effective-entitlements.ts';

/**
 * Returns what a license grants at `at` for a product (null: any), one entitlement for each code. Refuses a license that
 * may not be used. An expired license still grants when its policy allows further use.
 */
export const featuresOf = (
  facts: LicenseFacts,
  product: string | null,
  at: Instant,
): readonly EffectiveEntitlement[] | Rejection<LicenseRejection> => {
  if (facts.revokedAt !== null) return reject('LICENSE_REVOKED', `License ${facts.licenseId} was revoked.`);
  return refuseUse(facts, product, at) ?? effectiveEntitlements(facts, at);
};
