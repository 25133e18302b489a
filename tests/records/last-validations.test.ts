import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { asTenant } from '../../src/postgres/tenant.ts';
import { transaction } from '../../src/postgres/transaction.ts';
import { addValidationCounts } from '../../src/records/validation-counts.ts';
import { createLog, customer, rival, vendor } from '../support/license-fixtures.ts';
import { createReadModels, emptyReadModels, project } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
const ledger = createLog();
const used = ledger.issue('used', { holderOrgId: customer });
const other = ledger.issue('other', { issuerOrgId: rival });
const createdOn = '2026-01-01';
beforeAll(async () => {
  models = await createReadModels();
});
beforeEach(async () => {
  await emptyReadModels(models.superuser);
  await models.superuser.query('delete from ops.validation_counts');
  await project(models.projector, ledger.log);
});
afterAll(() => models.drop());

type Use = { readonly day: string; readonly holderOrgId?: string | null; readonly product?: string };
const validate = (licenseId: string, ...uses: readonly Use[]) =>
  transaction(models.api, 'begin', (db) =>
    addValidationCounts(
      db,
      uses.map(({ day, holderOrgId = customer, product = null }) => ({
        ...{ issuerOrgId: licenseId === other ? rival : vendor, holderOrgId, licenseId, day, product },
        ...{ validations: 1, denied: 0, lastValidatedAt: `${day}T12:00:00.000Z` },
      })),
    ),
  );
const rowOf = async (licenseId: string) => {
  const { rows } = await models.superuser.query<Readonly<Record<'issuer' | 'holder' | 'version', string>>>(
    `select unused_since::text as issuer, held_unused_since::text as holder, xmin::text as version
      from rm.license_last_validations where license_id = $1`,
    [licenseId],
  );
  return rows[0];
};

test('The first validation of a day moves the day of its license on, and further ones write nothing', async () => {
  expect(await rowOf(used)).toMatchObject({ issuer: createdOn, holder: createdOn });
  await validate(used, { day: '2026-03-01' }, { day: '2026-03-02', product: 'local_cli' });
  const moved = await rowOf(used);
  expect(moved).toMatchObject({ issuer: '2026-03-02', holder: '2026-03-02' });
  await validate(used, { day: '2026-03-02' }, { day: '2026-03-01', product: 'local_cli' });
  expect(await rowOf(used)).toEqual(moved);
  expect(await rowOf(other)).toMatchObject({ issuer: createdOn });
});

test('A process that stops before its commit holds the locked rows for a second only', async () => {
  const limit = await transaction(models.api, 'begin', async (db) => {
    await addValidationCounts(db, [
      {
        ...{ issuerOrgId: vendor, holderOrgId: customer, licenseId: used, day: '2026-03-01', product: null },
        ...{ validations: 1, denied: 0, lastValidatedAt: '2026-03-01T12:00:00.000Z' },
      },
    ]);
    return (await db.query('show idle_in_transaction_session_timeout')).rows;
  });
  expect(limit).toEqual([{ idle_in_transaction_session_timeout: '1s' }]);
});

test('Validations of two holders count for the issuer, and only those of the present holder for the holder', async () => {
  await validate(used, { day: '2026-03-01', holderOrgId: rival });
  expect(await rowOf(used)).toMatchObject({ issuer: '2026-03-01', holder: createdOn });
  await validate(used, { day: '2026-03-01', holderOrgId: rival }, { day: '2026-03-01' });
  expect(await rowOf(used)).toMatchObject({ issuer: '2026-03-01', holder: '2026-03-01' });
  await validate(used, { day: '2026-03-01', holderOrgId: rival });
  expect(await rowOf(used)).toMatchObject({ issuer: '2026-03-01', holder: '2026-03-01' });
});

test('Rows that are created again, by a rebuild, begin with the day that was counted', async () => {
  await validate(used, { day: '2026-03-01' });
  await validate(used, { day: '2026-03-05', holderOrgId: null });
  await emptyReadModels(models.superuser);
  await project(models.projector, ledger.log);
  expect(await rowOf(used)).toMatchObject({ issuer: '2026-03-05', holder: createdOn });
  expect(await rowOf(other)).toMatchObject({ issuer: createdOn });
});

test('A batch does not wait for the projector, and the next validation moves the day', async () => {
  const projector = await models.superuser.connect();
  await projector.query('begin; select from rm.license_last_validations for update');
  await validate(used, { day: '2026-03-01' });
  await projector.query('rollback');
  projector.release();
  expect(await rowOf(used)).toMatchObject({ issuer: createdOn });
  await validate(used, { day: '2026-03-01' });
  expect(await rowOf(used)).toMatchObject({ issuer: '2026-03-01' });
});

test('Concurrent batches with different days leave the latest day', async () => {
  const days = Array.from({ length: 9 }, (_, index) => `2026-03-0${index + 1}`);
  await Promise.all(days.map((day) => validate(used, { day })));
  await Promise.all(days.map((day) => validate(used, { day, product: 'local_cli' })));
  await validate(used, { day: '2026-03-09' });
  expect(await rowOf(used)).toMatchObject({ issuer: '2026-03-09' });
});

test('Read models of an earlier release have no such table, and validations are still counted', async () => {
  await models.superuser.query('alter table rm.license_last_validations rename to not_yet');
  try {
    await validate(used, { day: '2026-03-01' });
  } finally {
    await models.superuser.query('alter table rm.not_yet rename to license_last_validations');
  }
  const { rows } = await models.superuser.query('select validations from ops.validation_counts');
  expect(rows).toEqual([{ validations: '1' }]);
});

test('An organization moves only days of licenses that it issues, and nothing else of their rows', async () => {
  const move = (orgId: string, change: string) =>
    asTenant(
      models.api,
      orgId,
      (db) => db.query(`update rm.license_last_validations set ${change} where license_id = $1`, [used]),
      { readOnly: false },
    );
  const day = `validated_on = '2026-03-01', validated_holder_org_id = ''`;
  for (const orgId of [customer, rival]) expect((await move(orgId, day)).rowCount).toBe(0);
  await expect(move(vendor, 'is_active = false')).rejects.toThrow('permission denied');
  expect((await move(vendor, day)).rowCount).toBe(1);
});
