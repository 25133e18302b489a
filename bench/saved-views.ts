import { filtersIn, queryOf } from '../src/console/screens/licenses/filters.ts';
import type { Listing } from '../src/projections/queries/lists/license-listing.ts';
import type { Bench, Figures, Row } from './bench.ts';
import { listNow, listTenants } from './list-rows.ts';
import { databaseWith, quantile, timesOf } from './lists.ts';

// The saved views of the console, as their links have them. The console asks for a hundred licenses.
const views = {
  all: {},
  'ends in 30 days': { ends: '30' },
  'suspended for payment': { suspendedFor: 'PAYMENT' },
  'over the limit': { status: 'ACTIVE', activations: 'AT_LIMIT' },
  'never activated': { status: 'ACTIVE', activations: '0' },
} as const;

const pageSize = 100;

/** Measures the first page of each saved view of the console for the organization that issues most licenses. */
export const viewFigures: Figures = {
  ids: ['views'],
  measure: async (bench: Bench) => {
    const { pool, stop } = await databaseWith(bench.licenses.large);
    try {
      const rows: Row[] = [];
      for (const [name, search] of Object.entries(views)) {
        const listing = listingOf(search);
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
const listingOf = (search: Readonly<Record<string, string>>): Listing => {
  const { activations, status, expiresAfter, expiresBefore, suspendedFor } = queryOf(
    filtersIn(search),
    new Date(listNow),
  );
  return {
    orgId: listTenants.big,
    limit: pageSize + 1,
    after: null,
    now: listNow,
    activations: activations === '0' ? 'NONE' : activations,
    status: suspendedFor !== undefined ? 'SUSPENDED' : (status as Listing['status']),
    expiresAfter,
    expiresBefore,
    suspendedFor,
  };
};
