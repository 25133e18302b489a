import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asTenant } from '../../src/postgres/tenant.ts';
import { createPool } from '../../src/projections/connect.ts';
import { prepareDatabase } from '../../src/projections/prepare-database.ts';
import { listLicenses } from '../../src/projections/queries/lists/license-list.ts';
import { giveValues, storeMetadata } from '../../src/records/vault.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { createLog, customer, rival, testInstant, vendor } from '../support/license-fixtures.ts';
import { project, quiet } from '../support/read-models.ts';

// A database of an earlier release with licenses that have metadata, and then this release.

let database: TestDatabase;
let superuser: pg.Pool;
let api: pg.Pool;
const ledger = createLog();
const older = ledger.issue('older', { holderOrgId: customer });
const newer = ledger.issue('newer', {});
const [first, second] = [ledger.issue('first', {}), ledger.issue('second', {})];
const foreign = ledger.issue('foreign', { issuerOrgId: rival });
const insertAsBefore = `insert into vault.license_metadata (license_id, issuer_org_id, holder_org_id, metadata)
  select license_id, issuer_org_id, holder_org_id, $2 from rm.licenses where license_id = $1`;

beforeAll(async () => {
  database = await createDatabase();
  const directory = await mkdtemp(path.join(tmpdir(), 'ledger-metadata-'));
  await cp('db', directory, { recursive: true });
  for (const later of ['vault/180-metadata-values.sql', 'identity/230-backups.sql'])
    await rm(path.join(directory, later));
  await prepareDatabase({ url: database.url, log: () => {}, directory });
  await rm(directory, { recursive: true });
  superuser = new pg.Pool({ connectionString: database.url, max: 2 });
  superuser.on('error', () => {});
  const projector = createPool({ url: database.url, role: 'ledger_projector', max: 2, log: quiet });
  await project(projector, ledger.log);
  await projector.end();
  for (const id of [older, newer, foreign])
    await superuser.query(insertAsBefore, [id, { team: 'blue', list: ['x'], long: 'x'.repeat(201) }]);
  await prepareDatabase({ url: database.url, log: () => {} });
  await superuser.query('update ops.projection_versions set goal = 0, is_level = true');
  api = createPool({ url: database.url, role: 'ledger_api', max: 2, log: quiet });
});
afterAll(async () => {
  await Promise.all([api.end(), superuser.end()]);
  await database.drop();
});

const idsOf = async (orgId: string, metadata: Readonly<Record<string, string>>, matchesMax?: number) =>
  (
    await asTenant(api, orgId, (db) =>
      listLicenses(db, { orgId, limit: 10, after: null, now: testInstant(100), metadata }, matchesMax),
    )
  ).map(({ facts }) => facts.licenseId);

test('The metadata of an earlier release is found, in the order of the list', async () => {
  for (const matchesMax of [0, 10]) {
    expect(await idsOf(vendor, { team: 'blue' }, matchesMax)).toEqual([newer, older]);
    expect(await idsOf(customer, { team: 'blue' }, matchesMax)).toEqual([older]);
    expect(await idsOf(rival, { team: 'blue' }, matchesMax)).toEqual([foreign]);
  }
  const { rows } = await superuser.query('select distinct name from vault.license_metadata_values');
  expect(rows).toEqual([{ name: 'team' }]);
  const { rows: unforced } = await superuser.query(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('rm', 'vault') and c.relkind = 'r' and not c.relforcerowsecurity`,
  );
  expect(unforced).toEqual([]);
});

test('Values that are replaced or erased leave no copy, also when an earlier release writes', async () => {
  const license = { licenseId: newer, issuerOrgId: vendor, holderOrgId: null, createdAt: testInstant(0) };
  const store = (metadata: Readonly<Record<string, string>>, revision: bigint) =>
    asTenant(api, vendor, (db) => storeMetadata(db, { ...license, metadata }, { revision, unlessLater: false }), {
      readOnly: false,
    });
  await store({ team: 'green' }, 1n);
  expect(await idsOf(vendor, { team: 'blue' })).toEqual([older]);
  expect(await idsOf(vendor, { team: 'green' }, 0)).toEqual([newer]);

  await superuser.query('delete from vault.license_metadata where license_id = $1', [older]);
  await superuser.query(insertAsBefore, [older, { team: 'grey' }]);
  expect(await idsOf(vendor, { team: 'grey' }, 0)).toEqual([older]);
  const { rows } = await superuser.query(
    'select value from vault.license_metadata_values where issuer_org_id = $1 order by value',
    [vendor],
  );
  expect(rows).toEqual([{ value: 'green' }, { value: 'grey' }]);
});

test('Metadata that an earlier release stored before its license was projected is found, and gets its date', async () => {
  const store = 'insert into vault.license_metadata (license_id, issuer_org_id, metadata) values ($1, $2, $3)';
  const created = await superuser.query('update rm.licenses set license_id = license_id || $1 returning 1', [' later']);
  expect(created.rowCount).toBe(5);
  const members = { shift: 'early', floor: 1 };
  for (const id of [first, second]) await superuser.query(store, [id, vendor, members]);
  await superuser.query("update rm.licenses set license_id = replace(license_id, ' later', '')");
  const found = async () => {
    for (const matchesMax of [0, 1, 10])
      for (const metadata of [{ shift: 'early' }, { shift: 'early', floor: '1' }])
        expect(await idsOf(vendor, metadata, matchesMax)).toEqual([second, first]);
  };
  await found();
  const license = { licenseId: first, issuerOrgId: vendor, holderOrgId: null, metadata: { ...members, more: 'x' } };
  const { rows } = await superuser.query('select created_at from rm.licenses where license_id = $1', [first]);
  await asTenant(
    api,
    vendor,
    async (db) => {
      const createdAt = rows[0].created_at.toISOString();
      await storeMetadata(db, { ...license, createdAt }, { revision: 1n, unlessLater: false });
      await giveValues(db, second, { holderOrgId: customer, names: [] });
    },
    { readOnly: false },
  );
  const { rowCount } = await superuser.query(
    `select from vault.license_metadata m join rm.licenses l using (license_id)
      where license_id = any($1) and m.license_created_at = l.created_at`,
    [[first, second]],
  );
  expect(rowCount).toBe(2);
  await found();
});
