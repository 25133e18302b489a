import { type Rejection, reject } from '../decider.ts';
import type { TermRequest } from '../license/commands.ts';
import type { Entitlement, Limits, PinnedPolicy } from '../license/events.ts';
import type { Catalog, OpenCatalog } from './catalog.ts';
import type { CatalogRejection } from './commands.ts';
import type { PolicyTerm } from './events.ts';
import { refuseProducts } from './policies.ts';

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
 * unknown or archived. Of the policy's own products, archived ones are left out, unless none would be left.
 */
export const offerOf = (catalog: Catalog, wanted: Wanted): Offer | Rejection<CatalogRejection> => {
  const found = catalog.kind === 'open' ? catalog.policies.get(wanted.policyId) : undefined;
  if (catalog.kind === 'unopened' || found === undefined) return reject('INVALID_REQUEST', 'There is no such policy.');
  if (found.archived) return reject('ARCHIVED', 'This policy is archived: nothing new is issued under it.');
  const version = wanted.version === null ? found.versions.at(-1) : found.versions[wanted.version - 1];
  if (version === undefined) return reject('INVALID_REQUEST', `This policy has no version ${wanted.version}.`);

  const products = wanted.products ?? onSale(version.products, catalog);
  const refusal = refuseProducts(products, catalog);
  if (refusal !== null) return refusal;
  const { policy, term, limits, entitlements } = version;
  return { policy, products: [...new Set(products)], term: requestOf(term), limits, entitlements };
};

// With none left the codes stay as they are, and are refused for what they name.
const onSale = (codes: readonly string[], catalog: OpenCatalog): readonly string[] => {
  const left = codes.filter((code) => catalog.products.get(catalog.productIds.get(code) ?? '')?.archived === false);
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
