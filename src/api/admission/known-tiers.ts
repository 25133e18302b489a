import { LRUCache } from 'lru-cache';
import type { Tier } from '../../domain/license/policy.ts';

const refreshMs = 60_000;
const retryMs = 1_000;
const organizationsMax = 10_000;

/**
 * Returns a function that returns the tier of an organization without waiting. An organization counts as FREE until its
 * tier has been read. A tier is read again after a minute. When that fails, it stays, and is read again after a second.
 */
export const createKnownTiers = (
  tierOf: (organizationId: string) => Promise<Tier>,
  elapsedMs: () => number = () => performance.now(),
): ((organizationId: string) => Tier) => {
  const known = new LRUCache<string, { tier: Tier; readMs: number }>({ max: organizationsMax });
  return (organizationId) => {
    const entry = known.get(organizationId) ?? { tier: 'FREE', readMs: Number.NEGATIVE_INFINITY };
    if (elapsedMs() - entry.readMs >= refreshMs) {
      entry.readMs = elapsedMs();
      known.set(organizationId, entry);
      tierOf(organizationId).then(
        (tier) => {
          entry.tier = tier;
        },
        // The rate limits ask for the same tier and report the failure.
        () => {
          entry.readMs = elapsedMs() - refreshMs + retryMs;
        },
      );
    }
    return entry.tier;
  };
};
