import { afterAll, beforeAll, expect, test } from 'vitest';
import { transaction } from '../../src/postgres/transaction.ts';
import { prepareDatabase } from '../../src/projections/prepare-database.ts';
import { createReadModels } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

const sumsOf = async (table: 'validation_counts' | 'validation_days') => {
  const { rows } = await models.superuser.query(
    `select issuer_org_id, day::text, product, sum(validations)::int as validations, sum(denied)::int as denied
      from ops.${table} group by 1, 2, 3 order by 1, 2, 3`,
  );
  return rows;
};

const migrationWaits = async (): Promise<boolean> => {
  const { rows } = await models.superuser.query<{ waits: boolean }>(
    `select exists (select from pg_locks where relation = 'ops.validation_counts'::regclass and not granted
      and database = (select oid from pg_database where datname = current_database())) as waits`,
  );
  return rows[0]?.waits === true;
};

test('The stored validations are added up while the projector reads them, and with those of a call that has begun', async () => {
  await models.superuser.query(`drop table ops.validation_days;
    delete from ops.migrations where file = 'ops/266-validation-days.sql';
    insert into ops.validation_counts
    select issuer, 'lic_' || n, day, product, holder, n, 1, day from unnest(array['org_a', 'org_b']) issuer,
      generate_series(1, 3) n, unnest(array[date '2026-06-01', '2026-06-02']) day, unnest(array['', 'ide']) product,
      unnest(array['', 'org_c']) holder`);
  const writer = await models.superuser.connect();
  await writer.query('begin');
  await writer.query(`insert into ops.validation_counts values ('org_a', 'lic_9', '2026-06-03', '', '', 5, 2, now())`);
  const migrated = prepareDatabase({ url: models.url, log: () => {} });
  try {
    await expect.poll(migrationWaits).toBe(true);
    await transaction(models.projector, 'begin; set local lock_timeout = 2000', (db) =>
      db.query(`insert into rm.license_last_validations (issuer_org_id, license_id, created_at, is_active)
        values ('org_a', 'lic_1', now(), true)`),
    );
  } finally {
    await writer.query('commit');
    writer.release();
    await migrated;
  }
  const sums = await sumsOf('validation_days');
  expect(sums).toHaveLength(9);
  expect(sums).toEqual(await sumsOf('validation_counts'));
  const { rows } = await models.superuser.query(
    `select has_table_privilege('ledger_backup', 'ops.validation_days', 'insert') as adds, relforcerowsecurity as forced
      from pg_class where oid = 'ops.validation_counts'::regclass`,
  );
  expect(rows).toEqual([{ adds: false, forced: true }]);
});
