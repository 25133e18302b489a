import type { Front } from '../../src/api/front.ts';
import type { Metrics } from '../../src/api/monitoring/metrics.ts';
import { createRateLimiter } from '../../src/api/rate-limit/rate-limiter.ts';
import type { Tier } from '../../src/domain/license/policy.ts';
import { parseLimits } from '../../src/rate-limits.ts';

/** A front that counts in this process, with limits as RATE_LIMITS names them, for `startLedger`. */
export const limitedFront =
  (
    overrides: string,
    over: Partial<Front> = {},
    tierOf: (organizationId: string) => Promise<Tier> = async () => 'FREE',
  ) =>
  ({ nowMs, metrics }: { readonly nowMs: () => number; readonly metrics: Metrics }): Front => {
    const limits = parseLimits(overrides);
    if ('fault' in limits) throw new Error(limits.fault);
    const limiter = createRateLimiter({
      limits,
      nowMs,
      redis: null,
      log: { warn: () => undefined },
      onRefused: metrics.limited,
    });
    return { rateLimiting: { limiter, tierOf, defaultTier: 'FREE' }, trustProxy: 0, corsOrigins: [], ...over };
  };
