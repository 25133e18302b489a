import { isRejection } from '../../domain/decider.ts';
import type { EffectiveEntitlement } from '../../domain/license/grants/effective-entitlements.ts';
import { featuresOf } from '../../domain/license/grants/granted-entitlements.ts';
import type { Tier } from '../../domain/license/policy.ts';
import type { Instant } from '../../domain/time.ts';
import type { ValidationFacts } from '../../projections/queries/validation.ts';
import { usableLicense } from '../client-license.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

/** The features that a license grants at `asOf`. */
export type Features = {
  readonly tier: Tier;
  readonly features: readonly EffectiveEntitlement[];
  readonly asOf: Instant;
};

/** Returns the features that a license grants, for one product or for all. Refuses a license that may not be used. */
export const listFeatures = (
  license: ValidationFacts | null,
  product: string | null,
  asOf: Instant,
): Features | Refusal => {
  const usable = usableLicense(license, asOf);
  if (isRefusal(usable)) return usable;
  const features = featuresOf(usable.facts, product, asOf);
  return isRejection(features) ? features : { tier: usable.facts.policy.tier, features, asOf };
};
