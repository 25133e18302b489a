import { catalogAggregate } from '../../aggregates/aggregates.ts';
import { builtInPolicyId } from '../../aggregates/built-in-policy-ids.ts';
import { freeTarget } from '../../domain/catalog/downgrade.ts';
import type { PinnedPolicy } from '../../domain/license/policy.ts';
import type { Target } from '../../domain/license/tiers/tier-events.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';

/**
 * Returns what a license with this policy becomes when its trial ends, by the current state of the issuer's catalog. The
 * event that issues the license pins it. Returns nothing for another type of policy. Throws as `read` does.
 */
export const findAfterTrial = async (
  executor: Executor,
  issuerOrgId: string,
  { type }: Pick<PinnedPolicy, 'type'>,
): Promise<{ readonly afterTrial?: Target }> => {
  if (type !== 'TRIAL') return {};
  const builtInId = builtInPolicyId(issuerOrgId, 'FREE');
  return {
    afterTrial: await executor.read(catalogAggregate, issuerOrgId, (catalog) => freeTarget(catalog, builtInId)),
  };
};
