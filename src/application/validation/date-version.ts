import type { Pool } from 'pg';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { canonicalVersion } from '../../domain/license/validation/app-versions.ts';
import {
  type CatalogRelease,
  type DatedVersion,
  datedBy,
  entitledReleases,
  needsRelease,
  releasingProducts,
} from '../../domain/license/validation/named-release.ts';
import type { Instant } from '../../domain/time.ts';
import { newestRelease, releasesOfVersion } from '../../projections/queries/releases-of-version.ts';

/**
 * Returns a version with the instant of its release by the issuer's catalog. Reads nothing when the license does not ask
 * for it.
 */
export const dateVersion = async (
  pool: Pool,
  facts: LicenseFacts,
  product: string | null,
  named: DatedVersion,
): Promise<DatedVersion> => {
  const version = needsRelease(facts) ? canonicalVersion(named.number) : null;
  const products = releasingProducts(facts, product);
  if (version === null || products.length === 0) return named;
  return datedBy(named, await releasesOfVersion(pool, facts.issuerOrgId, products, version));
};

/**
 * Returns the newest release that a license covers, for a client with a version that it does not cover. Returns null
 * when the catalog lists none.
 */
export const findNewestEntitled = async (
  pool: Pool,
  facts: LicenseFacts,
  { product, version, at }: { readonly product: string | null; readonly version: string; readonly at: Instant },
): Promise<CatalogRelease | null> => {
  const entitled = entitledReleases(facts, product);
  if (entitled === null) return null;
  return newestRelease(pool, facts.issuerOrgId, entitled, { version: canonicalVersion(version), at });
};
