import { type LicenseFilters, listingOf } from '../src/api/licenses/reading/list-query.ts';
import { type Filters, queryOf } from '../src/console/screens/licenses/filters.ts';
import { usualViews } from '../src/console/screens/licenses/usual-views.ts';
import type { Listing } from '../src/projections/queries/lists/license-listing.ts';
import type { Bench, Figures, Row } from './bench.ts';
import { listNow, listTenants } from './list-rows.ts';
import { databaseWith, quantile, timesOf } from './lists.ts';

// The console asks for a hundred licenses.
const pageSize = 100;

/** Measures the first page of each saved view of the console for the organization that issues most licenses. */
export const viewFigures: Figures = {
  ids: ['views'],
  measure: async (bench: Bench) => {
    const { pool, stop } = await databaseWith(bench.licenses.large);
    try {
      const rows: Row[] = [];
      for (const { name, filters } of usualViews) {
        const listing = listingOfView(filters);
        const times = await timesOf(pool, listing, bench.rounds);
        const slowest = quantile(times, 1);
        rows.push([
          'views',
          `${name}: slowest first page, ms`,
          slowest.toFixed(1),
          '<= 300',
          `p50 ${quantile(times, 0.5).toFixed(1)}`,
        ]);
      }
      return rows;
    } finally {
      await stop();
    }
  },
};

/** Returns the listing that the API makes of the query of the console. */
const listingOfView = (filters: Filters): Listing => {
  const { sort, ...query } = queryOf(filters, new Date(listNow));
  return {
    ...listingOf(query as LicenseFilters, { userRefs: undefined, now: listNow }),
    sort,
    orgId: listTenants.big,
    limit: pageSize + 1,
    after: null,
  };
};
