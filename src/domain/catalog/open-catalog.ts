import { builtInDefaults, builtInPolicy } from '../license/issue/built-in-policies.ts';
import { type Tier, tiers } from '../license/policy.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogDecision, CommandOf } from './commands.ts';
import { refuseNewProduct, refuseTaken } from './decide-products.ts';
import type { CatalogEvent, PolicyTerm, PolicyVersion } from './events.ts';

/**
 * Opens an issuer's catalog with its first products, and with a policy for each tier (FREE, TRIAL, PRO, ENTERPRISE)
 * that covers all of them. Changes nothing when the catalog is open.
 */
export const open = ({ data }: CommandOf<'OpenCatalog'>, catalog: Catalog): CatalogDecision => {
  if (catalog.kind === 'open') return [];
  const codes = new Set<string>();
  const events: CatalogEvent[] = [{ type: 'CatalogOpened', data: { issuerOrgId: data.issuerOrgId } }];
  for (const product of data.products) {
    const refusal = refuseNewProduct(product) ?? refuseTaken(product.code, codes);
    if (refusal !== null) return refusal;
    codes.add(product.code);
    const { productId, code, name, description } = product;
    events.push({ type: 'ProductCreated', data: { productId, code, name, description } });
  }
  for (const tier of tiers)
    events.push({ type: 'PolicyCreated', data: builtInVersion(tier, data.policyIds[tier], [...codes]) });
  return events;
};

const builtInVersion = (tier: Tier, policyId: string, products: readonly string[]): PolicyVersion => {
  const { limits, entitlements } = builtInDefaults[tier];
  return { name: tier, policy: builtInPolicy(tier, policyId), products, term: builtInTerm(tier), limits, entitlements };
};

/** Returns the term of a tier's built-in policy. */
export const builtInTerm = (tier: Tier): PolicyTerm => {
  const { term } = builtInDefaults[tier];
  return term.kind === 'perpetual' ? { basis: 'PERPETUAL' } : { basis: 'ISSUE', duration: term.duration };
};
