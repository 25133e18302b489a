import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg, { type Pool } from 'pg';
import { freePort } from '../src/embedded/free-port.ts';
import { startPostgres } from '../src/embedded/postgres.ts';
import { asTenant } from '../src/postgres/tenant.ts';
import { createPool } from '../src/projections/connect.ts';
import { prepareDatabase } from '../src/projections/prepare-database.ts';
import { listLicenses } from '../src/projections/queries/lists/license-list.ts';
import type { Listing } from '../src/projections/queries/lists/license-listing.ts';
import { type Bench, type Figures, type Row, whole } from './bench.ts';
import { blocksOf, nameOf, pages, pairsOf } from './list-filters.ts';
import { listNow, listTenants, writeListRows } from './list-rows.ts';

/**
 * Measures lists of licenses: every filter and every pair of filters, the first page and a page in the middle, for a
 * big issuer, a small one and a holder of a tenth of all licenses. Prints a line for each, and returns the slowest.
 */
export const listFigures: Figures = {
  ids: ['lists'],
  measure: async (bench) => {
    const [small, large] = [bench.licenses.middle, bench.licenses.large];
    const after = await measureAll(bench, large);
    const before = await measureAll(bench, small);
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

type Measured = {
  readonly tenant: string;
  readonly name: string;
  readonly times: readonly number[];
  readonly blocks: number;
};

const measureAll = async (bench: Bench, licenses: number): Promise<readonly Measured[]> => {
  bench.say(`writing ${whole(licenses)} licenses`);
  const { pool, stop } = await databaseWith(licenses);
  const measured: Measured[] = [];
  try {
    const runs = bench.rounds;
    for (const filters of pairsOf(licenses)) {
      const cells: string[] = [];
      for (const [tenant, orgId] of Object.entries(listTenants)) {
        for (const [page, after] of Object.entries(pages(filters, licenses))) {
          const listing = { orgId, limit: 51, after, now: listNow, ...filters };
          const name = `${nameOf(filters)}, ${page} page`;
          const { times, blocks } = await timesAndBlocks(pool, listing, runs);
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

/** A list that Postgres cancels after two seconds has no number of blocks, which is 0. */
const timesAndBlocks = async (pool: Pool, listing: Listing, runs: number) => {
  try {
    return { times: await timesOf(pool, listing, runs), blocks: await blocksOf(pool, listing) };
  } catch (error) {
    if ((error as { code?: unknown }).code !== '57014') throw error;
    return { times: [2_000], blocks: 0 };
  }
};

/** Returns the milliseconds of this many lists, ascending. The first list is not counted. */
export const timesOf = async (pool: Pool, listing: Listing, runs: number): Promise<readonly number[]> => {
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

/** Starts a Postgres with this many licenses in its read models, and a pool of the API. */
export const databaseWith = async (licenses: number) => {
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
export const quantile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;
