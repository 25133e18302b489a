import type { Pool } from 'pg';
import { asTenant } from '../src/postgres/tenant.ts';
import { listLicenses } from '../src/projections/queries/lists/license-list.ts';
import {
  defaultSort,
  isByEnd,
  type LicensePlace,
  type Listing,
} from '../src/projections/queries/lists/license-listing.ts';
import { listNow, listTenants } from './list-rows.ts';

/** The filters and the order of a list. */
export type Filters = Partial<Omit<Listing, 'orgId' | 'limit' | 'after' | 'now'>>;

/** Some values of each filter. Those of one filter are not paired with each other. */
const valuesOf = (licenses: number): readonly (readonly Filters[])[] => [
  [
    { status: 'ACTIVE' },
    { status: 'EXPIRED' },
    { status: 'SUSPENDED' },
    { status: 'REVOKED' },
    { status: 'SUSPENDED', suspendedFor: 'PAYMENT' },
    { status: 'ACTIVE', isExpiring: true },
  ],
  [{ tier: 'FREE' }, { tier: 'ENTERPRISE' }],
  [{ product: 'local_cli' }, { product: 'retired' }, { product: 'none' }],
  [{ policy: 'pol_FREE' }, { policy: 'pol_old' }],
  [{ metadata: { region: 'eu' } }, { metadata: { era: 'old' } }],
  [{ activations: 'NONE' }, { activations: 'AT_LIMIT' }],
  [{ seats: 'NONE' }, { seats: 'AT_LIMIT' }],
  [{ userRefs: ['ref_many'] }, { userRefs: ['ref_few'] }],
  [{ externalRef: `Sub_${Math.floor(licenses / 2)}` }],
  [{ keyHint: '7ZZZZ' }],
  [{ holder: listTenants.holder }],
  [{ issuer: listTenants.big }],
  [{ expiresBefore: '2026-01-01T01:00:00.000Z' }],
  [{ expiresAfter: listNow }],
  [{ lastValidatedBefore: '2026-01-15T00:00:00.000Z' }, { lastValidatedBefore: '2026-12-15T00:00:00.000Z' }],
  [{ q: 'sub_' }, { q: `sub_${Math.floor(licenses / 20)}` }, { q: 'holder org_h' }],
  [{ contains: 'ub_' }, { contains: `ub_${Math.floor(licenses / 20)}` }],
  [{ sort: '-expiresAt' }],
];

/** Returns no filter, every filter and every pair of filters. */
export const pairsOf = (licenses: number): readonly Filters[] => {
  const values = valuesOf(licenses);
  return [
    {},
    ...values.flat(),
    ...values.flatMap((some, index) =>
      values.slice(index + 1).flatMap((others) => some.flatMap((one) => others.map((other) => ({ ...one, ...other })))),
    ),
  ];
};

/** Returns the filters as a query. */
export const nameOf = (filters: Filters): string =>
  Object.entries(filters)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(' ') || 'no filter';

/** Returns the places before the first page and before a page in the middle. */
export const pages = (filters: Filters, licenses: number): Readonly<Record<string, LicensePlace | null>> => {
  const seconds = Math.floor(licenses / 2) * (isByEnd(filters.sort ?? defaultSort(filters)) ? 1 : -1);
  const middle = new Date(Date.parse(listNow) + seconds * 1_000).toISOString();
  return { first: null, middle: { instant: middle, licenseId: 'lic_8' } };
};

/** Returns how many blocks of 8 KiB Postgres reads for a list, from memory or from the disk. It depends on no clock. */
export const blocksOf = (pool: Pool, listing: Listing): Promise<number> =>
  asTenant(pool, listing.orgId, async (db) => {
    let blocks = 0;
    const explain = async (query: { readonly text: string; readonly values?: unknown[] }) => {
      const { text, values = [] } = query;
      const isProbe = text.includes('as issuer') || text.includes('as holders');
      if (!text.includes('rm.licenses') && !isProbe) return db.query(query);
      const { rows } = await db.query(`explain (analyze, buffers, timing off, format json) ${text}`, values);
      const { Plan: plan } = rows[0]['QUERY PLAN'][0];
      blocks += plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
      // The number of matches decides how the next statement reads.
      return isProbe ? db.query(query) : { rows: [] };
    };
    await listLicenses(
      new Proxy(db, { get: (target, name) => (name === 'query' ? explain : Reflect.get(target, name)) }),
      listing,
    );
    return blocks;
  });
