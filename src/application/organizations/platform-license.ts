import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Entitlement } from '../../domain/license/grants/entitlement.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Tier } from '../../domain/license/policy.ts';
import { effectiveStatus } from '../../domain/license/status.ts';
import type { Instant } from '../../domain/time.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { licensesHeld } from '../../projections/queries/held-licenses.ts';

/** What the platform grants an organization by the license that the organization holds from it. */
export type PlatformLicense = {
  readonly tier: Tier;
  /** For `organizationLimits`. */
  readonly entitlements: readonly Entitlement[];
};

/**
 * The platform's license of an organization; null when it holds none that is in force. Up to 60 seconds old. Rejects
 * when the database does not answer.
 */
export type PlatformLicenseOf = (organizationId: string) => Promise<PlatformLicense | null>;

type Needs = {
  readonly pool: Pool;
  /** The organization that issues to others at signup; null: there is none, and nobody holds such a license. */
  readonly platformOrgId: string | null;
  readonly now: () => Instant;
};

const cachedMsMax = 60_000;
const organizationsMax = 10_000;

/**
 * Reads platform licenses as their holder, under row-level security. Of several in force the one of the highest tier
 * counts.
 */
export const createPlatformLicenseOf = ({ pool, platformOrgId, now }: Needs): PlatformLicenseOf => {
  if (platformOrgId === null) return async () => null;
  const cached = new LRUCache<string, { readonly found: Promise<PlatformLicense | null>; readonly atMs: number }>({
    max: organizationsMax,
  });
  const read = async (holderOrgId: string) => {
    const held = await asTenant(pool, holderOrgId, (db) =>
      licensesHeld(db, { issuerOrgId: platformOrgId, holderOrgId }),
    );
    return best(held, now());
  };

  return (organizationId) => {
    const nowMs = Date.parse(now());
    const known = cached.get(organizationId);
    // A clock that was set back must not keep an answer for longer.
    if (known !== undefined && Math.abs(nowMs - known.atMs) < cachedMsMax) return known.found;
    // Concurrent calls wait for the same answer; after a failure the next call reads again.
    const found = read(organizationId);
    cached.set(organizationId, { found, atMs: nowMs });
    found.catch(() => cached.delete(organizationId));
    return found;
  };
};

/** The tier that an organization's rate limits go by: that of its platform license, else the default. */
export const tierOf = (license: PlatformLicense | null, defaultTier: Tier): Tier => license?.tier ?? defaultTier;

const rank: Readonly<Record<Tier, number>> = { FREE: 0, TRIAL: 1, PRO: 2, ENTERPRISE: 3 };

const best = (held: readonly LicenseFacts[], at: Instant): PlatformLicense | null => {
  const [first] = held
    .filter((facts) => ['ACTIVE', 'IN_GRACE'].includes(effectiveStatus(facts, at)))
    .toSorted((a, b) => rank[b.policy.tier] - rank[a.policy.tier]);
  return first === undefined ? null : { tier: first.policy.tier, entitlements: first.entitlements };
};
