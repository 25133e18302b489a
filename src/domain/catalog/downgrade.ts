import { builtInDefaults, builtInPolicy } from '../license/issue/built-in-policies.ts';
import type { Target } from '../license/tiers/tier-events.ts';
import type { Catalog } from './catalog.ts';

/**
 * Returns what a license with these products becomes when its trial ends: the latest version of the first policy of
 * tier FREE on sale, with the products that it covers. Without such a policy, the built-in one under
 * `builtInPolicyId`, with all products.
 */
export const freeTarget = (catalog: Catalog, products: readonly string[], builtInPolicyId: string): Target => {
  const policies = catalog.kind === 'open' ? [...catalog.policies.values()] : [];
  for (const { versions, archivedAt } of policies) {
    const latest = versions.at(-1);
    if (archivedAt !== null || latest?.policy.tier !== 'FREE' || latest.policy.type === 'TRIAL') continue;
    const { policy, limits, entitlements } = latest;
    return { policy, products: products.filter((code) => latest.products.includes(code)), limits, entitlements };
  }
  const { limits, entitlements } = builtInDefaults.FREE;
  return { policy: builtInPolicy('FREE', builtInPolicyId), products: null, limits, entitlements };
};
