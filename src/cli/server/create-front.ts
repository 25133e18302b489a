import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { createAdmission } from '../../api/admission/admission.ts';
import type { Front } from '../../api/front.ts';
import type { Metrics } from '../../api/monitoring/metrics.ts';
import { noRateLimiting, type RateLimiting } from '../../api/rate-limit/call-limits.ts';
import { createRateLimiter } from '../../api/rate-limit/rate-limiter.ts';
import {
  createPlatformLicenseOf,
  type PlatformLicenseOf,
  tierOf,
} from '../../application/organizations/platform-license.ts';
import type { Config } from '../../config.ts';
import type { Tier } from '../../domain/license/policy.ts';
import { connectLimitsRedis } from './limits-redis.ts';

type Needs = {
  readonly pool: Pool;
  readonly now: () => Date;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly demoOrganizationIds: readonly string[];
};

// A reader who pastes the commands of the docs sends more requests than the tier FREE allows.
const demoTier: Tier = 'ENTERPRISE';

/** Returns the configured front of the API. `close` closes its connection to Redis. */
export const createFront = (
  { rateLimits, signupPolicy, defaultTier, redisUrl, trustProxy, corsOrigins }: Config,
  { pool, now, log, metrics, demoOrganizationIds }: Needs,
): { readonly front: Front; readonly platformLicense: PlatformLicenseOf; readonly close: () => Promise<unknown> } => {
  const platformOrgId = signupPolicy?.organizationId ?? null;
  const platformLicense = createPlatformLicenseOf({ pool, platformOrgId, now: () => now().toISOString() });
  const admissionOf = (tiers: RateLimiting['tierOf']) =>
    createAdmission({ tierOf: tiers, onRefused: () => metrics.limited('share') });
  if (rateLimits === null) {
    const admission = admissionOf(noRateLimiting.tierOf);
    return {
      front: { rateLimiting: noRateLimiting, admission, trustProxy, corsOrigins },
      platformLicense,
      close: async () => undefined,
    };
  }
  const redis = redisUrl === null ? null : connectLimitsRedis(redisUrl);
  const limiter = createRateLimiter({
    limits: rateLimits,
    nowMs: Date.now,
    redis,
    log,
    onRefused: metrics.limited,
  });
  const rateLimiting = {
    limiter,
    tierOf: async (organizationId: string) =>
      demoOrganizationIds.includes(organizationId)
        ? demoTier
        : tierOf(await platformLicense(organizationId), defaultTier),
    defaultTier,
  };
  return {
    front: { rateLimiting, admission: admissionOf(rateLimiting.tierOf), trustProxy, corsOrigins },
    platformLicense,
    close: async () => redis?.disconnect(),
  };
};
