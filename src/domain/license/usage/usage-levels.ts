import type { LicenseFacts } from '../license.ts';
import { isUsedUp, type Limit } from './usage-limits.ts';

/** Lists what lists of licenses find by: nothing in use, or no more left. */
export const usageLevels = ['NONE', 'AT_LIMIT'] as const;
export type UsageLevel = (typeof usageLevels)[number];

/** Lists the usages that have levels. */
export const leveledUsages = ['ACTIVATIONS', 'SEATS'] as const;
export type LeveledUsage = (typeof leveledUsages)[number];

/**
 * Returns the level of a usage, as the last event says it. Returns null between the levels, and for a limit of 0, which
 * allows no usage. Nothing is at the limit `unlimited`.
 */
export const usageLevel = (
  { usage, limits }: Pick<LicenseFacts, 'usage' | 'limits'>,
  of: LeveledUsage,
): UsageLevel | null => {
  const [used, limit]: readonly [number, Limit] =
    of === 'ACTIVATIONS' ? [usage.activations, limits.activations] : [usage.seats, limits.seats];
  if (limit === 0) return null;
  if (used === 0) return 'NONE';
  return isUsedUp(used, limit) ? 'AT_LIMIT' : null;
};
