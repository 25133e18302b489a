import type { PinnedPolicy } from '../license/policy.ts';
import type { Catalog } from './catalog.ts';

/**
 * Returns the duration of the term that a version of a policy gives. Returns null when that term has none, and undefined
 * when the catalog does not have the version.
 */
export const durationOfPolicy = (
  catalog: Catalog,
  { policyId, version }: Pick<PinnedPolicy, 'policyId' | 'version'>,
): string | null | undefined => {
  const term = catalog.kind === 'open' ? catalog.policies.get(policyId)?.versions[version - 1]?.term : undefined;
  if (term === undefined) return undefined;
  return 'duration' in term ? term.duration : null;
};
