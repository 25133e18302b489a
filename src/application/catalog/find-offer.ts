import { catalogAggregate } from '../../aggregates/aggregates.ts';
import { builtInPolicyId } from '../../aggregates/built-in-policy-ids.ts';
import { isWithinProducts } from '../../domain/authority.ts';
import type { Catalog } from '../../domain/catalog/catalog.ts';
import type { CatalogRejection } from '../../domain/catalog/commands.ts';
import { refuseProducts } from '../../domain/catalog/decide-policies.ts';
import { noSuchPolicy, noSuchVersion, type Offer, offerOf, policyOfTier } from '../../domain/catalog/offer.ts';
import type { Place, Rejection } from '../../domain/decider.ts';
import { builtInDefaults, builtInPolicy } from '../../domain/license/issue/built-in-policies.ts';
import { refuseOtherProducts } from '../../domain/license/license-authority.ts';
import { limitOverrides } from '../../domain/license/overrides/overrides.ts';
import type { Tier } from '../../domain/license/policy.ts';
import type { Target } from '../../domain/license/tiers/tier-events.ts';
import type { LimitsAndRules } from '../../domain/license/usage/meter-rules.ts';
import { changedLimits } from '../../domain/license/usage/usage-limits.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { productScope } from '../../postgres/product-scope.ts';
import type { Refusal } from '../refusal.ts';

/** The policy for a license, by its tier or by its id and version, and the values that override it. */
export type OfferRequest = {
  readonly tier?: Tier | undefined;
  readonly policyId?: string | undefined;
  readonly policyVersion?: number | undefined;
  readonly products?: readonly string[] | undefined;
  /** The limits that override those of the policy. Absent limits stay. */
  readonly limits?: LimitsAndRules | undefined;
};

/** The values that a license is issued with or moved to. `products` is null when nobody names any. */
export type Offered = Omit<Offer, 'products'> & { readonly products: readonly string[] | null };

/**
 * Returns what the issuer's catalog offers for a request, by its current state. A tier stands for its oldest policy on
 * sale, and a policy for its latest version. The limits of the request override those of the policy. Its products must
 * be on sale. Without an open catalog the built-in policies apply, for any products. A refusal names the place in the
 * request. Throws as `read` does.
 */
export const findOffer = async (
  executor: Executor,
  issuerOrgId: string,
  request: OfferRequest,
): Promise<Offered | Refusal> => {
  const limit = productScope();
  const refusal = refuseOtherProducts(request.products ?? [], limit);
  if (refusal !== null) return { ...refusal, place: ['products'] };
  const inOpenCatalog = await executor.read(catalogAggregate, issuerOrgId, (catalog) =>
    inCatalog(catalog, request, limit),
  );
  const offer = inOpenCatalog ?? builtIn(issuerOrgId, request);
  if ('rejected' in offer) return { ...offer, place: placeIn(request, offer.place ?? []) };
  // A policy with other products is unknown to an API key that is limited.
  if (!isWithinProducts(offer.products ?? [], limit)) return { ...noSuchPolicy, place: placeIn(request, ['policyId']) };
  const { limits: change = {} } = request;
  const overrides = { limits: limitOverrides(change), ...offer.overrides };
  return { ...offer, limits: changedLimits(offer.limits, change), overrides };
};

/**
 * Refuses products that are not on sale by the current state of the issuer's catalog. The refusal names the place of
 * the first below `member` of the request. Returns null when all are on sale, or the catalog is not open. Throws as
 * `read` does.
 */
export const findUnsold = (
  executor: Executor,
  issuerOrgId: string,
  products: readonly string[],
  member: string,
): Promise<Refusal | null> => {
  const limit = productScope();
  const beyond = refuseOtherProducts(products, limit);
  if (beyond !== null) return Promise.resolve({ ...beyond, place: [member] });
  return executor.read(catalogAggregate, issuerOrgId, (catalog) => {
    const refusal = catalog.kind === 'unopened' ? null : refuseProducts(products, catalog, limit);
    if (refusal === null) return null;
    const [, index = 0] = refusal.place ?? [];
    return { ...refusal, place: [member, index] };
  });
};

/** Returns an offer as the target of commands that move a license to another policy. */
export const targetOf = (
  { policy, products, limits, entitlements, overrides }: Offered,
  rule: OverridesRule = 'KEEP',
): Target => ({
  policy,
  products,
  limits,
  entitlements,
  overrides,
  ...(rule === 'RESET' ? { resetsOverrides: true } : {}),
});

/** Lists what a change of the policy does with the overrides of the license. */
export const overridesRules = ['KEEP', 'RESET'] as const;
export type OverridesRule = (typeof overridesRules)[number];

type Refused = Rejection<CatalogRejection>;

const inCatalog = (
  catalog: Catalog,
  request: OfferRequest,
  limit: readonly string[] | null,
): Offer | Refused | null => {
  if (catalog.kind === 'unopened') return null;
  const { tier, policyId = '', policyVersion: version = null, products = null } = request;
  const named = tier === undefined ? policyId : policyOfTier(catalog, tier);
  return typeof named === 'string' ? offerOf(catalog, { policyId: named, version, products, limit }) : named;
};

const builtIn = (issuerOrgId: string, request: OfferRequest): Offered | Refused => {
  const { policyId, policyVersion: version = 1, products = null } = request;
  const tier = request.tier ?? builtInTiers.find((name) => builtInPolicyId(issuerOrgId, name) === policyId);
  if (tier === undefined) return noSuchPolicy;
  if (version !== 1) return noSuchVersion(version);
  const { term, limits, entitlements } = builtInDefaults[tier];
  const policy = builtInPolicy(tier, builtInPolicyId(issuerOrgId, tier));
  // A built-in policy names no products, so the request adds and removes none.
  const overrides = products === null ? {} : { products: { added: [], removed: [] } };
  return { policy, products, term: { ...term, startsAt: null }, limits, entitlements, overrides };
};

const builtInTiers = Object.keys(builtInDefaults) as readonly Tier[];

// The names in the domain differ from those in the request.
const placeIn = ({ tier }: OfferRequest, place: Place): Place => {
  if (place[0] === 'version') return ['policyVersion'];
  return place[0] === 'policyId' && tier !== undefined ? ['tier'] : place;
};
