import { type Rejection, reject } from '../decider.ts';
import type { Entitlement } from '../license/grants/entitlement.ts';
import type { TermRequest } from '../license/issue/issue-commands.ts';
import type { PinnedPolicy, Tier } from '../license/policy.ts';
import type { Limits } from '../license/usage/usage-limits.ts';
import type { Catalog, OpenCatalog } from './catalog.ts';
import type { CatalogRejection } from './commands.ts';
import { refuseProducts } from './decide-policies.ts';
import type { PolicyTerm } from './events.ts';

/** What is asked of a catalog. `version` null: the latest. `products` null: those of the policy. */
export type Wanted = {
  readonly policyId: string;
  readonly version: number | null;
  readonly products: readonly string[] | null;
};

/** What a license is issued with: the policy that it pins, and what it gets where its issuer asks for nothing else. */
export type Offer = {
  readonly policy: PinnedPolicy;
  readonly products: readonly string[];
  readonly term: TermRequest;
  readonly limits: Limits;
  readonly entitlements: readonly Entitlement[];
};

/**
 * What a license may be issued with, or moved to, as the catalog is now; refused for a policy, version or product that is
 * unknown or archived, with the place of it in `wanted`. Of the policy's own products, archived ones are left out, unless none
 * would be left.
 */
export const offerOf = (catalog: Catalog, wanted: Wanted): Offer | Rejection<CatalogRejection> => {
  const found = catalog.kind === 'open' ? catalog.policies.get(wanted.policyId) : undefined;
  if (catalog.kind === 'unopened' || found === undefined) return noSuchPolicy;
  if (found.archivedAt !== null)
    return reject('ARCHIVED', 'This policy is archived: nothing new is issued under it.', 'policyId');
  const version = wanted.version === null ? found.versions.at(-1) : found.versions[wanted.version - 1];
  if (version === undefined) return noSuchVersion(wanted.version);

  const products = wanted.products ?? onSale(version.products, catalog);
  const refusal = refuseProducts(products, catalog);
  if (refusal !== null) return wanted.products === null ? { ...refusal, place: ['policyId'] } : refusal;
  const { policy, term, limits, entitlements } = version;
  return { policy, products: [...new Set(products)], term: requestOf(term), limits, entitlements };
};

/** The id of the policy that a tier stands for: the oldest one on sale whose latest version is of this tier. */
export const policyOfTier = (catalog: OpenCatalog, tier: Tier): string | Rejection<CatalogRejection> => {
  const ofTier = [...catalog.policies].filter(([, { versions }]) => versions.at(-1)?.policy.tier === tier);
  const [policyId] = ofTier.find(([, { archivedAt }]) => archivedAt === null) ?? [];
  if (policyId !== undefined) return policyId;
  return ofTier.length === 0
    ? reject('INVALID_REQUEST', `This catalog has no policy of the tier ${tier}.`, 'policyId')
    : reject('ARCHIVED', `Every policy of the tier ${tier} is archived.`, 'policyId');
};

/** Refuses a policy that is unknown. */
export const noSuchPolicy: Rejection<CatalogRejection> = reject(
  'INVALID_REQUEST',
  'There is no such policy.',
  'policyId',
);

/** Refuses a version that a policy does not have. */
export const noSuchVersion = (version: number | null): Rejection<CatalogRejection> =>
  reject('INVALID_REQUEST', `This policy has no version ${version}.`, 'version');

// With none left the codes stay as they are, and are refused for what they name.
const onSale = (codes: readonly string[], catalog: OpenCatalog): readonly string[] => {
  const left = codes.filter((code) => catalog.products.get(catalog.productIds.get(code) ?? '')?.archivedAt === null);
  return left.length === 0 ? codes : left;
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
