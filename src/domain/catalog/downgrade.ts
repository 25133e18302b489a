import { builtInDefaults, builtInPolicy } from '../license/issue/built-in-policies.ts';
import type { Target } from '../license/tiers/tier-events.ts';
import type { Catalog } from './catalog.ts';

/**
 * Returns what a trial that begins now becomes at its end: the latest version of the first policy of tier FREE on sale,
 * with the products that it covers. Without such a policy, the built-in one under `builtInPolicyId`, with all products.
 */
export const freeTarget = (catalog: Catalog, builtInPolicyId: string): Target => {
  const policies = catalog.kind === 'open' ? [...catalog.policies.values()] : [];
  for (const { versions, archivedAt } of policies) {
    const latest = versions.at(-1);
    if (archivedAt !== null || latest?.policy.tier !== 'FREE' || latest.policy.type === 'TRIAL') continue;
    const { policy, products, limits, entitlements } = latest;
    return { policy, products, limits, entitlements };
  }
  const { limits, entitlements } = builtInDefaults.FREE;
  return { policy: builtInPolicy('FREE', builtInPolicyId), products: null, limits, entitlements };
};
