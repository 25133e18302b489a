import type { Pool } from 'pg';
import type { CatalogRelease, EntitledReleases } from '../../domain/license/validation/named-release.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { readingLevel } from '../level.ts';

/** Returns the releases of a version by these products of an issuer, in one round trip. `pool` is of ledger_api. */
export const releasesOfVersion = async (
  pool: Pool,
  issuerOrgId: string,
  products: readonly string[],
  version: string,
): Promise<readonly CatalogRelease[]> => {
  const { rows } = await readingLevel(pool, () =>
    pool.query<[channel: string, releasedMs: string]>({
      name: 'releases-of-version',
      text: 'select channel, released_ms from rm.releases_of_version($1, $2, $3)',
      values: [issuerOrgId, products, version],
      rowMode: 'array',
    }),
  );
  return rows.map(([channel, releasedMs]) => ({ version, channel, releasedAt: fromMs(Number(releasedMs)) }));
};

/**
 * Returns the greatest of these releases that is out at `at` and in the channel `stable`, or in the channel of `version`.
 * Returns null when there is none. `pool` is of ledger_api.
 */
export const newestRelease = async (
  pool: Pool,
  issuerOrgId: string,
  { product, from, below, before }: EntitledReleases,
  { version, at }: { readonly version: string | null; readonly at: Instant },
): Promise<CatalogRelease | null> => {
  const { rows } = await readingLevel(pool, () =>
    pool.query<[version: string, channel: string, releasedMs: string]>({
      name: 'newest-release',
      text: 'select version, channel, released_ms from rm.newest_release($1, $2, $3, $4, $5, $6, $7)',
      values: [issuerOrgId, product, version, from, below, before, at],
      rowMode: 'array',
    }),
  );
  const [newest] = rows;
  if (newest === undefined) return null;
  const [number, channel, releasedMs] = newest;
  return { version: number, channel, releasedAt: fromMs(Number(releasedMs)) };
};
