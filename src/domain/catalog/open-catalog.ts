import { builtInDefaults, builtInPolicy } from '../license/issue/built-in-policies.ts';
import { type Tier, tiers } from '../license/policy.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogDecision, CommandOf } from './commands.ts';
import { refuseNewProduct, refuseTaken } from './decide-products.ts';
import type { CatalogEvent, PolicyTerm, PolicyVersion } from './events.ts';

/**
 * Opens an issuer's catalog with its first products and a policy per tier, FREE, TRIAL, PRO, ENTERPRISE, over all of them.
 * An open catalog stays as it is.
 */
export const open = ({ data }: CommandOf<'OpenCatalog'>, catalog: Catalog): CatalogDecision => {
  if (catalog.kind === 'open') return [];
  const taken = new Set<string>();
  const events: CatalogEvent[] = [{ type: 'CatalogOpened', data: { issuerOrgId: data.issuerOrgId } }];
  for (const product of data.products) {
    const wrong = refuseNewProduct(product) ?? refuseTaken(product.code, taken);
    if (wrong !== null) return wrong;
    taken.add(product.code);
    const { productId, code, name, description } = product;
    events.push({ type: 'ProductCreated', data: { productId, code, name, description } });
  }
  for (const tier of tiers)
    events.push({ type: 'PolicyCreated', data: builtInVersion(tier, data.policyIds[tier], [...taken]) });
  return events;
};

const builtInVersion = (tier: Tier, policyId: string, products: readonly string[]): PolicyVersion => {
  const { limits, entitlements } = builtInDefaults[tier];
  return { name: tier, policy: builtInPolicy(tier, policyId), products, term: builtInTerm(tier), limits, entitlements };
};

/** The term of a tier's built-in policy. */
export const builtInTerm = (tier: Tier): PolicyTerm => {
  const { term } = builtInDefaults[tier];
  return term.kind === 'perpetual' ? { basis: 'PERPETUAL' } : { basis: 'ISSUE', duration: term.duration };
};
