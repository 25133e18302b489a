import type { License } from '../../types.ts';

/** Returns how many licenses are under each version of their policy, the latest version first. */
export const countsByVersion = (
  licenses: readonly Pick<License, 'policy'>[],
): readonly (readonly [version: number, count: number])[] => {
  const counts = new Map<number, number>();
  for (const { policy } of licenses) counts.set(policy.version, (counts.get(policy.version) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => b - a);
};
