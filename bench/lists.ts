import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg, { type Pool } from 'pg';
import { freePort } from '../src/embedded/free-port.ts';
import { startPostgres } from '../src/embedded/postgres.ts';
import { asTenant } from '../src/postgres/tenant.ts';
import { createPool } from '../src/projections/connect.ts';
import { prepareDatabase } from '../src/projections/prepare-database.ts';
import { listLicenses } from '../src/projections/queries/license-list.ts';
import { defaultSort, isByEnd, type LicensePlace, type Listing } from '../src/projections/queries/license-sides.ts';
import { type Bench, type Figures, type Row, whole } from './bench.ts';
import { listNow, listTenants, writeListRows } from './list-rows.ts';

/**
 * Measures lists of licenses: every filter and every pair of filters, the first page and a page in the middle, for a
 * big issuer, a small one and a holder of a tenth of all licenses. Prints a line for each, and returns the slowest.
 */
export const listFigures: Figures = {
  ids: ['lists'],
  measure: async (bench) => {
    const [small, large] = [bench.licenses.middle, bench.licenses.large];
    const [before, after] = [await measureAll(bench, small), await measureAll(bench, large)];
    return Object.keys(listTenants).flatMap((tenant): readonly Row[] => {
      const of = (all: readonly Measured[]) => all.filter((one) => one.tenant === tenant);
      const at = (all: readonly Measured[], part: number) =>
        quantile(
          of(all).flatMap(({ times }) => times),
          part,
        );
      const [slowest] = of(after).toSorted((a, b) => quantile(b.times, 0.5) - quantile(a.times, 0.5));
      const median = quantile(slowest?.times ?? [], 0.5).toFixed(1);
      const most = of(after).reduce((one, other) => (other.blocks > one.blocks ? other : one));
      const mostBefore = Math.max(...of(before).map(({ blocks }) => blocks));
      const [p50, p99] = [0.5, 0.99].map((part) => at(after, part) / at(before, part));
      return [
        [
          'lists',
          `${tenant}: p99 of all lists, ms`,
          at(after, 0.99).toFixed(1),
          '<= 20',
          `p50 ${at(after, 0.5).toFixed(1)}`,
        ],
        ['lists', `${tenant}: slowest median, ms`, median, '<= 20', slowest?.name ?? ''],
        ['lists', `${tenant}: most blocks of 8 KiB`, whole(most.blocks), '', most.name],
        [
          'lists',
          `${tenant}: most blocks / with ${whole(small)}`,
          (most.blocks / mostBefore).toFixed(2),
          '<= 1.20',
          '',
        ],
        [
          'lists',
          `${tenant}: p99, ${whole(large)} / ${whole(small)}`,
          (p99 ?? 0).toFixed(2),
          '<= 1.20',
          `p50 ${(p50 ?? 0).toFixed(2)}`,
        ],
      ];
    });
  },
};

type Filters = Partial<Omit<Listing, 'orgId' | 'limit' | 'after' | 'now'>>;
type Measured = {
  readonly tenant: string;
  readonly name: string;
  readonly times: readonly number[];
  readonly blocks: number;
};

/** Some values of each filter. Those of one filter are not paired with each other. */
const valuesOf = (licenses: number): readonly (readonly Filters[])[] => [
  [{ status: 'ACTIVE' }, { status: 'EXPIRED' }, { status: 'SUSPENDED' }, { status: 'REVOKED' }],
  [{ tier: 'FREE' }, { tier: 'ENTERPRISE' }],
  [{ product: 'local_cli' }, { product: 'retired' }, { product: 'none' }],
  [{ externalRef: `Sub_${Math.floor(licenses / 2)}` }],
  [{ keyHint: '7ZZZZ' }],
  [{ holder: listTenants.holder }, { holder: 'org_c4' }],
  [{ issuer: listTenants.big }],
  [{ expiresBefore: listNow }, { expiresBefore: '2026-01-01T01:00:00.000Z' }],
  [{ expiresAfter: listNow }],
  [{ q: 'sub_' }, { q: `sub_${Math.floor(licenses / 20)}` }, { q: 'holder org_h' }],
  [{ sort: '-expiresAt' }],
];

const pairsOf = (values: readonly (readonly Filters[])[]): readonly Filters[] => [
  {},
  ...values.flat(),
  ...values.flatMap((some, index) =>
    values.slice(index + 1).flatMap((others) => some.flatMap((one) => others.map((other) => ({ ...one, ...other })))),
  ),
];

const measureAll = async (bench: Bench, licenses: number): Promise<readonly Measured[]> => {
  bench.say(`writing ${whole(licenses)} licenses`);
  const { pool, stop } = await databaseWith(licenses);
  const measured: Measured[] = [];
  try {
    const runs = bench.rounds * 3;
    for (const filters of pairsOf(valuesOf(licenses))) {
      const cells: string[] = [];
      for (const [tenant, orgId] of Object.entries(listTenants)) {
        for (const [page, after] of Object.entries(pages(filters, licenses))) {
          const times = await timesOf(pool, { orgId, limit: 51, after, now: listNow, ...filters }, runs);
          const name = `${nameOf(filters)}, ${page} page`;
          const blocks = await blocksOf(pool, { orgId, limit: 51, after, now: listNow, ...filters });
          measured.push({ tenant, name, times, blocks });
          cells.push(
            `${tenant} ${page} ${quantile(times, 0.5).toFixed(1)}/${quantile(times, 1).toFixed(1)} ms ${blocks} blocks`,
          );
        }
      }
      bench.say(`${nameOf(filters)}: p50/max ${cells.join(', ')}`);
    }
  } finally {
    await stop();
  }
  return measured;
};

const nameOf = (filters: Filters): string =>
  Object.entries(filters)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ') || 'no filter';

const pages = (filters: Filters, licenses: number): Readonly<Record<string, LicensePlace | null>> => {
  const seconds = Math.floor(licenses / 2) * (isByEnd(filters.sort ?? defaultSort(filters)) ? 1 : -1);
  const middle = new Date(Date.parse(listNow) + seconds * 1_000).toISOString();
  return { first: null, middle: { instant: middle, licenseId: 'lic_8' } };
};

/** Returns the milliseconds of this many lists, ascending. The first list is not counted. */
const timesOf = async (pool: Pool, listing: Listing, runs: number): Promise<readonly number[]> => {
  const times: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const startedAt = performance.now();
    await asTenant(pool, listing.orgId, (db) => listLicenses(db, listing));
    const ms = performance.now() - startedAt;
    if (run > 0) times.push(ms);
    // A second of one list proves that it is slow.
    if (ms > 1_000 && run > 0) break;
  }
  return times.toSorted((a, b) => a - b);
};

/** Returns how many blocks of 8 KiB Postgres reads for a list, from memory or from the disk. It depends on no clock. */
const blocksOf = (pool: Pool, listing: Listing): Promise<number> =>
  asTenant(pool, listing.orgId, async (db) => {
    let blocks = 0;
    const explain = async (query: string | { readonly text: string; readonly values?: readonly unknown[] }) => {
      const { text, values = [] } = typeof query === 'string' ? { text: query } : query;
      if (!text.includes('rm.licenses')) return db.query(text, [...values]);
      const { rows } = await db.query(`explain (analyze, buffers, timing off, format json) ${text}`, [...values]);
      const { Plan: plan } = rows[0]['QUERY PLAN'][0];
      blocks += plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
      return { rows: [] };
    };
    await listLicenses(
      new Proxy(db, { get: (target, name) => (name === 'query' ? explain : Reflect.get(target, name)) }),
      listing,
    );
    return blocks;
  });

const databaseWith = async (licenses: number) => {
  const directory = await mkdtemp(join(tmpdir(), 'ledger-bench-lists-'));
  const postgres = await startPostgres({
    dataDir: join(directory, 'postgres'),
    password: 'bench',
    port: await freePort(),
  });
  const stop = async () => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await prepareDatabase({ url: postgres.url, log: () => {} });
    const superuser = new pg.Client(postgres.url);
    superuser.on('error', () => {});
    await superuser.connect();
    await superuser.query('update ops.projection_versions set goal = 0, is_level = true');
    await writeListRows(superuser, licenses);
    await superuser.query('checkpoint');
    await superuser.end();
  } catch (error) {
    await stop();
    throw error;
  }
  const log = { info: () => {}, warn: console.error, error: console.error };
  const pool = createPool({ url: postgres.url, role: 'ledger_api', max: 2, log });
  return { pool, stop: () => pool.end().then(stop) };
};

/** Returns the value at this part of the values: 0.5 for the median. */
const quantile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;
