import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LicenseFacts } from '../../src/domain/license/license.ts';
import { connectionConfig, createPool } from '../../src/projections/connect.ts';
import { foldBatch } from '../../src/projections/fold/fold-batch.ts';
import { nothingStored } from '../../src/projections/fold/fold-event.ts';
import { createValidationReader, type ValidationReader } from '../../src/projections/queries/validation.ts';
import { createLog, customer, rival, testHash, testId, testInstant, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project, quiet } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let reader: ValidationReader;
const ledger = createLog();
const plain = ledger.issue('plain');
const held = ledger.issue('held', {
  issuerOrgId: rival,
  holderOrgId: customer,
  activations: 100,
  externalRef: 'sub "1", {x}',
});
const ended = ledger.issue('ended', { expiresAt: testInstant(1_000) });
beforeAll(async () => {
  models = await createReadModels();
  ledger.organization(rival, 'rival');
  reader = createValidationReader(models.api);
  ledger.activate(plain, 'laptop');
  ledger.activate(plain, 'desktop');
  ledger.deactivate(plain, 'desktop');
  for (let device = 0; device < 70; device++) ledger.activate(held, `device ${device}`);
  ledger.suspend(ended, testInstant(5_000));
  ledger.suspend(held);
  ledger.revoke(ended);
  await project(models.projector, ledger.log);
});
afterAll(() => models.drop());

const keyHash = (name: string): Buffer => Buffer.from(testHash(`key of ${name}`), 'hex');
const folded = (licenseId: string): LicenseFacts | undefined =>
  foldBatch(ledger.log, nothingStored).licenses.get(licenseId)?.facts;

describe('by license key', () => {
  test.each([
    ['plain', plain],
    ['held', held],
    ['ended', ended],
  ])('%s comes back as its stream folds, to the millisecond', async (name, licenseId) => {
    const found = await reader.byKey([keyHash(name)]);
    expect(found?.facts).toEqual(folded(licenseId));
    expect(found?.keyVersion).toBe(1);
  });

  test('open activations are listed, closed ones are not', async () => {
    const found = await reader.byKey([keyHash('plain')]);
    expect(found).toMatchObject({ revision: 4n, fingerprintHashes: [testHash('laptop')], more: false });
  });

  test('beyond 64 devices the others can be asked for', async () => {
    const found = await reader.byKey([keyHash('held')]);
    expect(found?.fingerprintHashes).toHaveLength(64);
    expect(found?.more).toBe(true);
    if (found === null) return;
    for (let device = 0; device < 70; device++) {
      expect(await reader.isActivated(found, testHash(`device ${device}`))).toBe(true);
    }
    expect(await reader.isActivated(found, testHash('laptop'))).toBe(false);
  });

  test('an unknown key finds nothing; of several hashes the one that is known counts', async () => {
    expect(await reader.byKey([keyHash('nothing')])).toBeNull();
    expect(await reader.byKey([])).toBeNull();
    expect((await reader.byKey([keyHash('nothing'), keyHash('plain')]))?.facts.licenseId).toBe(plain);
  });

  test('keys and ids asked for together do not get each other’s answers', async () => {
    const asked = [reader.byId(rival, held), reader.byKey([keyHash('plain')]), reader.byId(vendor, held)];
    const more = [reader.byKey([keyHash('nothing')]), reader.byId(vendor, plain), reader.byKey([keyHash('held')])];
    const found = await Promise.all([...asked, ...more]);
    const expected = [[held, null], [plain, 1], null, null, [plain, null], [held, 1]];
    expect(found.map((each) => each && [each.facts.licenseId, each.keyVersion])).toEqual(expected);
  });

  test('a thousand at once each get their own answer', async () => {
    const names = ['plain', 'nothing', 'held', 'ended'];
    const found = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => reader.byKey([keyHash(names[index % 4] ?? '')])),
    );
    const expected = [plain, undefined, held, ended];
    expect(found.map((each) => each?.facts.licenseId)).toEqual(found.map((_, index) => expected[index % 4]));
  });
});

describe('by id', () => {
  test('issuer and holder find a license, nobody else does', async () => {
    expect((await reader.byId(rival, held))?.facts).toEqual(folded(held));
    expect((await reader.byId(customer, held))?.keyVersion).toBeNull();
    expect(await reader.byId(vendor, held)).toBeNull();
    expect(await reader.byId('', held)).toBeNull();
    expect(await reader.byId(vendor, testId('lic', 'unknown'))).toBeNull();
  });
});

test('whether the issuer is closed is told to whoever asks, its holder too', async () => {
  expect((await reader.byKey([keyHash('held')]))?.issuerClosed).toBe(false);
  await models.superuser.query('update rm.organizations set closed_at = now() where organization_id = $1', [rival]);
  expect((await reader.byKey([keyHash('held')]))?.issuerClosed).toBe(true);
  expect((await reader.byId(customer, held))?.issuerClosed).toBe(true);
  expect((await reader.byKey([keyHash('plain')]))?.issuerClosed).toBe(false);
});

describe('row-level security stays in force', () => {
  const session = async () => {
    const db = new pg.Client(connectionConfig({ url: models.url, role: 'ledger_api' }));
    await db.connect();
    return db;
  };
  const tenantOf = async (db: pg.Client) =>
    (await db.query(`select current_setting('app.org_id', true) as org`)).rows[0].org;
  const ask = `select (license).license_id from rm.validation_facts($1, array[null::text], array[null::text])`;

  test('no tenant is left on the connection, inside a transaction either', async () => {
    const db = await session();
    expect((await db.query(ask, [[keyHash('plain')]])).rows).toEqual([{ license_id: plain }]);
    expect(['', null]).toContain(await tenantOf(db));
    await db.query('begin');
    await db.query(ask, [[keyHash('plain')]]);
    expect(await tenantOf(db)).toBe('');
    expect((await db.query('select from rm.licenses')).rowCount).toBe(0);
    await db.end();
  });

  test('a key that points at another tenant’s license finds nothing', async () => {
    await models.superuser.query(
      `insert into rm.license_keys (issuer_org_id, license_id, key_version, key_hash, secret_id, hint) values ($1, $2, 9, $3, 's', 'h')`,
      [vendor, held, keyHash('forged')],
    );
    expect(await reader.byKey([keyHash('forged')])).toBeNull();
  });

  test('the function itself has no rights: the projector’s role may not even look up a key', async () => {
    await expect(models.projector.query(ask, [[keyHash('plain')]])).rejects.toThrow('permission denied');
    await expect(models.worker.query(ask, [[keyHash('plain')]])).rejects.toThrow('permission denied');
  });
});

test('a lost connection fails the requests under way, and the next ones work', async () => {
  const pool = createPool({ url: models.url, role: 'ledger_api', max: 2, applicationName: 'doomed', log: quiet });
  const doomed = createValidationReader(pool);
  await doomed.byKey([keyHash('plain')]);
  await models.superuser.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'doomed'`,
  );
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => doomed.byKey([keyHash('plain')])));
  expect(outcomes).toHaveLength(20);
  expect((await doomed.byKey([keyHash('plain')]))?.facts.licenseId).toBe(plain);
  await pool.end();
});
