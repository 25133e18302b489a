import { type Rejection, reject } from '../decider.ts';
import type { Entitlement } from '../license/grants/entitlement.ts';
import type { TermRequest } from '../license/issue/issue-commands.ts';
import { type Overrides, productOverrides } from '../license/overrides/overrides.ts';
import type { PinnedPolicy, Tier } from '../license/policy.ts';
import type { Limits } from '../license/usage/usage-limits.ts';
import type { Catalog, OpenCatalog } from './catalog.ts';
import type { CatalogRejection } from './commands.ts';
import { refuseProducts } from './decide-policies.ts';
import type { PolicyTerm } from './events.ts';

/**
 * The policy and products to find in a catalog. `version` null: the latest. `products` null: those of the policy.
 * `limit`: the only products that a refusal names; absent or null: all.
 */
export type OfferQuery = {
  readonly policyId: string;
  readonly version: number | null;
  readonly products: readonly string[] | null;
  readonly limit?: readonly string[] | null;
};

/** The content of a new license: the policy that it pins, and the defaults of the policy. */
export type Offer = {
  readonly policy: PinnedPolicy;
  readonly products: readonly string[];
  readonly term: TermRequest;
  readonly limits: Limits;
  readonly entitlements: readonly Entitlement[];
  /** What the products of the query add to those of the policy, and leave out; empty when it names none. */
  readonly overrides: Overrides;
};

/**
 * Returns what a license can be issued with, or moved to. Refuses an unknown or archived policy, version or product,
 * with its place in `query`. Leaves out archived products of the policy, unless all of them are archived.
 */
export const offerOf = (catalog: Catalog, query: OfferQuery): Offer | Rejection<CatalogRejection> => {
  const policy = catalog.kind === 'open' ? catalog.policies.get(query.policyId) : undefined;
  if (catalog.kind === 'unopened' || policy === undefined) return noSuchPolicy;
  if (policy.archivedAt !== null)
    return reject('ARCHIVED', 'This policy is archived: nothing new is issued under it.', 'policyId');
  const version = query.version === null ? policy.versions.at(-1) : policy.versions[query.version - 1];
  if (version === undefined) return noSuchVersion(query.version);

  const onSaleProducts = onSale(version.products, catalog);
  const products = query.products ?? onSaleProducts;
  const refusal = refuseProducts(products, catalog, query.limit);
  if (refusal !== null) return query.products === null ? { ...refusal, place: ['policyId'] } : refusal;
  const { policy: pinned, term, limits, entitlements } = version;
  const differing = { covered: version.products, offered: onSaleProducts };
  const overrides = query.products === null ? {} : { products: productOverrides(products, differing) };
  return { policy: pinned, products: [...new Set(products)], term: requestOf(term), limits, entitlements, overrides };
};

/** Returns the id of the policy of a tier: the oldest policy on sale with this tier in its latest version. */
export const policyOfTier = (catalog: OpenCatalog, tier: Tier): string | Rejection<CatalogRejection> => {
  const ofTier = [...catalog.policies].filter(([, { versions }]) => versions.at(-1)?.policy.tier === tier);
  const [policyId] = ofTier.find(([, { archivedAt }]) => archivedAt === null) ?? [];
  if (policyId !== undefined) return policyId;
  return ofTier.length === 0
    ? reject('INVALID_REQUEST', `This catalog has no policy of the tier ${tier}.`, 'policyId')
    : reject('ARCHIVED', `Every policy of the tier ${tier} is archived.`, 'policyId');
};

/** The refusal of an unknown policy. */
export const noSuchPolicy: Rejection<CatalogRejection> = reject(
  'INVALID_REQUEST',
  'There is no such policy.',
  'policyId',
);

/** Returns the refusal of a version that a policy does not have. */
export const noSuchVersion = (version: number | null): Rejection<CatalogRejection> =>
  reject('INVALID_REQUEST', `This policy has no version ${version}.`, 'version');

// When all products are archived, the result has all of them, and `refuseProducts` refuses the first.
const onSale = (codes: readonly string[], catalog: OpenCatalog): readonly string[] => {
  const unarchived = codes.filter(
    (code) => catalog.products.get(catalog.productIds.get(code) ?? '')?.archivedAt === null,
  );
  return unarchived.length === 0 ? codes : unarchived;
};

const requestOf = (term: PolicyTerm): TermRequest => {
  switch (term.basis) {
    case 'PERPETUAL':
      return { kind: 'perpetual', startsAt: null };
    case 'FIXED':
      return { kind: 'fixed', expiresAt: term.expiresAt, startsAt: null };
    case 'ISSUE':
      return { kind: 'duration', duration: term.duration, startsAt: null };
    case 'FIRST_ACTIVATION':
      return { kind: 'firstActivation', duration: term.duration };
    case 'FIRST_VALIDATION':
      return { kind: 'firstValidation', duration: term.duration };
  }
};
