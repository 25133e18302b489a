import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Entitlement } from '../../domain/license/grants/entitlement.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Tier } from '../../domain/license/policy.ts';
import { effectiveStatus } from '../../domain/license/status.ts';
import type { Instant } from '../../domain/time.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { licensesHeld } from '../../projections/queries/held-licenses.ts';

/** The grants of the platform's license to an organization. */
export type PlatformLicense = {
  readonly tier: Tier;
  /** For `organizationLimits`. */
  readonly entitlements: readonly Entitlement[];
};

/**
 * Returns the platform's license of an organization, or null when it holds no working one. The result is up to 60
 * seconds old. Rejects when the database does not answer.
 */
export type PlatformLicenseOf = (organizationId: string) => Promise<PlatformLicense | null>;

type Needs = {
  readonly pool: Pool;
  /** The organization that issues licenses at signup. Null when there is none, so nobody holds such a license. */
  readonly platformOrgId: string | null;
  readonly now: () => Instant;
};

const cachedMsMax = 60_000;
const organizationsMax = 10_000;

/**
 * Returns what reads platform licenses as their holder, under row-level security. The license of the highest tier
 * counts.
 */
export const createPlatformLicenseOf = ({ pool, platformOrgId, now }: Needs): PlatformLicenseOf => {
  if (platformOrgId === null) return async () => null;
  const cached = new LRUCache<string, { readonly license: Promise<PlatformLicense | null>; readonly atMs: number }>({
    max: organizationsMax,
  });
  const read = async (holderOrgId: string) => {
    const licenses = await asTenant(pool, holderOrgId, (db) =>
      licensesHeld(db, { issuerOrgId: platformOrgId, holderOrgId }),
    );
    return best(licenses, now());
  };

  return (organizationId) => {
    const nowMs = Date.parse(now());
    const known = cached.get(organizationId);
    // After the clock was set back, an answer must not stay for longer.
    if (known !== undefined && Math.abs(nowMs - known.atMs) < cachedMsMax) return known.license;
    // Concurrent calls wait for the same answer. After a failure the next call reads again.
    const license = read(organizationId);
    cached.set(organizationId, { license, atMs: nowMs });
    license.catch(() => cached.delete(organizationId));
    return license;
  };
};

/** Returns the tier for the rate limits of an organization: the tier of its platform license, else the default. */
export const tierOf = (license: PlatformLicense | null, defaultTier: Tier): Tier => license?.tier ?? defaultTier;

const rank: Readonly<Record<Tier, number>> = { FREE: 0, TRIAL: 1, PRO: 2, ENTERPRISE: 3 };

const best = (licenses: readonly LicenseFacts[], at: Instant): PlatformLicense | null => {
  const [first] = licenses
    .filter((facts) => ['ACTIVE', 'IN_GRACE'].includes(effectiveStatus(facts, at)))
    .toSorted((a, b) => rank[b.policy.tier] - rank[a.policy.tier]);
  return first === undefined ? null : { tier: first.policy.tier, entitlements: first.entitlements };
};
