import { createAdmission } from '../../src/api/admission/admission.ts';
import { turnMsMax } from '../../src/api/admission/turn.ts';
import { type Front, openFront } from '../../src/api/front.ts';
import type { Metrics } from '../../src/api/monitoring/metrics.ts';
import { createRateLimiter } from '../../src/api/rate-limit/rate-limiter.ts';
import type { Tier } from '../../src/domain/license/policy.ts';
import { parseLimits } from '../../src/rate-limits.ts';

/** The admission of the product, for organizations of one tier. */
export const admissionOf = (
  tierOf: (organizationId: string) => Promise<Tier>,
  elapsedMs = () => performance.now(),
  turnMs = turnMsMax,
) => createAdmission({ tierOf, onRefused: () => undefined, elapsedMs, turnMs });

/** A front without limits and with the shares of the tier ENTERPRISE. */
export const unlimitedFront = (): Front => ({ ...openFront, admission: admissionOf(async () => 'ENTERPRISE') });

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
    const rateLimiting = { limiter, tierOf, defaultTier: 'FREE' } as const;
    return { rateLimiting, admission: admissionOf(tierOf), trustProxy: 0, corsOrigins: [], ...over };
  };
