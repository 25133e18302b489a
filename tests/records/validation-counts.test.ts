import type { PoolClient } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asTenant } from '../../src/postgres/tenant.ts';
import { lastAndRecentValidations } from '../../src/records/validation-counts.ts';
import { createLog, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
const [busy, idle] = ['busy', 'idle'];
const ids = new Map<string, string>();
beforeAll(async () => {
  models = await createReadModels();
  const ledger = createLog();
  for (const name of [busy, idle, 'another']) ids.set(name, ledger.issue(name));
  await project(models.projector, ledger.log);
  // 400 days of 10 products. The other license was last used 380 days ago.
  await models.superuser.query(
    `insert into ops.validation_counts
      select l.issuer_org_id, l.license_id, date '2026-06-10' - d, 'p' || p, '', 5, 1,
        timestamptz '2026-06-10T12:00:00Z' - make_interval(days => d)
      from rm.licenses l, generate_series(0, 399) d, generate_series(1, 10) p
      where l.license_id <> $1 or d >= 380`,
    [ids.get(idle)],
  );
  await models.superuser.query('vacuum analyze ops.validation_counts');
});
afterAll(() => models.drop());

const read = (name: string, from: string) =>
  asTenant(models.api, vendor, (db) => lastAndRecentValidations(db, ids.get(name) ?? '', from));

test('The last week of a license that is used daily, and the last use of one that is not', async () => {
  const week = await read(busy, '2026-06-04');
  expect(week.lastValidatedAt).toBe('2026-06-10T12:00:00.000Z');
  expect(week.validations).toHaveLength(70);
  expect(week.validations[0]).toEqual({ day: '2026-06-04', product: 'p1', validations: 5, denied: 1 });
  expect(await read(idle, '2026-06-04')).toEqual({ lastValidatedAt: '2025-05-26T12:00:00.000Z', validations: [] });
});

test('Postgres reads the days that are returned, and not the whole past of the license', async () => {
  // The statement as a request sends it, in a plan for any values.
  const explained = async (name: string): Promise<string> =>
    asTenant(models.api, vendor, async (db) => {
      await db.query('set local plan_cache_mode = force_generic_plan');
      let plan = '';
      const query = async ({ text, values }: { readonly text: string; readonly values: readonly string[] }) => {
        await db.query(`prepare counted as ${text}`);
        const parameters = values.map((value) => `'${value}'`).join();
        const { rows } = await db.query(`explain (analyze, costs off, timing off) execute counted(${parameters})`);
        plan = rows.map((row) => row['QUERY PLAN']).join('\n');
        await db.query('deallocate counted');
        return { rows: [] };
      };
      await lastAndRecentValidations({ query } as unknown as PoolClient, ids.get(name) ?? '', '2026-06-04');
      return plan;
    });
  expect(await explained(busy)).toMatch(/Index Cond: .*day >= /);
  // No step handles more rows than the week has.
  for (const name of [busy, idle]) {
    const counts = [...(await explained(name)).matchAll(/actual rows=([0-9.]+)/g)].map(([, rows]) => Number(rows));
    expect(Math.max(...counts)).toBeLessThanOrEqual(70);
  }
});
