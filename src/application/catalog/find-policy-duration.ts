import { catalogAggregate } from '../../aggregates/aggregates.ts';
import { builtInPolicyId } from '../../aggregates/built-in-policy-ids.ts';
import { durationOfPolicy } from '../../domain/catalog/policy-duration.ts';
import { builtInDefaults } from '../../domain/license/issue/built-in-policies.ts';
import type { PinnedPolicy } from '../../domain/license/policy.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';

/**
 * Returns the duration of the term that a policy gives in the issuer's catalog, also when it is archived. Returns null
 * when that term has no duration, or the catalog does not know the policy. Throws as `read` does.
 */
export const findPolicyDuration = async (
  executor: Executor,
  issuerOrgId: string,
  policy: PinnedPolicy,
): Promise<string | null> => {
  const duration = await executor.read(catalogAggregate, issuerOrgId, (catalog) => durationOfPolicy(catalog, policy));
  if (duration !== undefined) return duration;
  const { term } = builtInDefaults[policy.tier];
  const isBuiltIn = policy.policyId === builtInPolicyId(issuerOrgId, policy.tier);
  return isBuiltIn && term.kind === 'duration' ? term.duration : null;
};
