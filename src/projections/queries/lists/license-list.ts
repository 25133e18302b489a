import type { PoolClient } from 'pg';
import type { LicenseFacts } from '../../../domain/license/license.ts';
import type { JsonObject } from '../../../eventstore/event-store.ts';
import { readLicense, selectLicense } from '../../tables/licenses.ts';
import type { LicenseView } from '../license-by-id.ts';
import { isByEnd, type LicensePlace, type LicenseSort, type Listing, orderOf, sortOf } from './license-listing.ts';
import { countFiltered, matchingsOf } from './license-matches.ts';
import { walksOf } from './license-sides.ts';

/** Returns the place of a license in a list of this order. */
export const placeOf = (facts: LicenseFacts, sort: LicenseSort = '-createdAt'): LicensePlace => ({
  instant: isByEnd(sort) ? facts.term.expiresAt : facts.createdAt,
  licenseId: facts.licenseId,
});

/**
 * Returns a page of the licenses that an organization issues or holds, in the order of the listing. Licenses that are
 * issued meanwhile do not shift a page. `matchesMax`: a filter with more matches is judged along a walk, and fewer are
 * read whole and sorted. For asTenant of the same organization.
 */
export const listLicenses = async (
  db: PoolClient,
  listing: Listing,
  matchesMax = matchesMaxDefault,
): Promise<readonly LicenseView[]> => {
  await db.query({ name: 'walk-along-indexes', text: walkAlongIndexes });
  if (listing.lastValidatedBefore !== undefined) await db.query({ name: 'merge-indexes', text: mergeIndexes });
  const probe = { db, orgId: listing.orgId, matchesMax };
  const matchings = await matchingsOf(probe, listing);
  const filtered = await countFiltered(probe, listing);
  const values: unknown[] = [listing.limit];
  const walks = walksOf({ listing, parameter: (value) => `$${values.push(value)}`, matchesMax, filtered }, matchings);
  if (walks.length === 0) return [];
  const { rows } = await db.query<[JsonObject | null, ...unknown[]]>({
    text: `select m.metadata, ${listedColumns}
      from (${walks.join(' union all ')}) l
      left join vault.license_metadata m using (license_id)
      order by ${orderOf(sortOf(listing), 'l')} limit $1`,
    values,
    rowMode: 'array',
  });
  return rows.map((row) => ({ ...readLicense(row, 1), metadata: row[0] }));
};

// Sorting this many takes a few milliseconds.
const matchesMaxDefault = 2_000;

const listedColumns = selectLicense('l');

// The "or" of the policy makes the planner expect few licenses, so that it would read and sort all instead of walking.
// Its costs are so high then that it would compile each statement.
const walkAlongIndexes =
  "select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('jit', 'off', true)";

// For the same reason it would read all matches of several parts of an index and sort them, instead of merging them.
const mergeIndexes =
  "select set_config('enable_sort', 'off', true), set_config('enable_incremental_sort', 'off', true)";
