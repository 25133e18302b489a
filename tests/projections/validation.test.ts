import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
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
const heldId = ledger.issue('held', {
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
  for (let device = 0; device < 70; device++) ledger.activate(heldId, `device ${device}`);
  ledger.suspend(ended, testInstant(5_000));
  ledger.suspend(heldId);
  ledger.revoke(ended);
  await project(models.projector, ledger.log);
});
afterAll(() => models.drop());

const keyHash = (name: string): Buffer => Buffer.from(testHash(`key of ${name}`), 'hex');
const folded = (licenseId: string): LicenseFacts | undefined =>
  foldBatch(ledger.log, nothingStored).licenses.get(licenseId)?.facts;

describe('A validation by license key', () => {
  test.each([
    ['plain', plain],
    ['held', heldId],
    ['ended', ended],
  ])('reads license %s exactly as its stream folds', async (name, licenseId) => {
    const license = await reader.byKey([keyHash(name)]);
    expect(license?.facts).toEqual(folded(licenseId));
    expect(license?.keyVersion).toBe(1);
  });

  test('lists open activations and no closed ones', async () => {
    const license = await reader.byKey([keyHash('plain')]);
    expect(license).toMatchObject({ revision: 4n, fingerprintHashes: [testHash('laptop')], more: false });
  });

  test('lists 64 devices, and the others can be checked one by one', async () => {
    const license = await reader.byKey([keyHash('held')]);
    expect(license?.fingerprintHashes).toHaveLength(64);
    expect(license?.more).toBe(true);
    if (license === null) return;
    for (let device = 0; device < 70; device++) {
      expect(await reader.isActivated(license, testHash(`device ${device}`))).toBe(true);
    }
    expect(await reader.isActivated(license, testHash('laptop'))).toBe(false);
  });

  test('finds nothing for an unknown key, and the license of any known hash among several', async () => {
    expect(await reader.byKey([keyHash('nothing')])).toBeNull();
    expect(await reader.byKey([])).toBeNull();
    expect((await reader.byKey([keyHash('nothing'), keyHash('plain')]))?.facts.licenseId).toBe(plain);
  });

  test('gets its own answer when keys and ids are read together', async () => {
    const first = [reader.byId(rival, heldId), reader.byKey([keyHash('plain')]), reader.byId(vendor, heldId)];
    const second = [reader.byKey([keyHash('nothing')]), reader.byId(vendor, plain), reader.byKey([keyHash('held')])];
    const results = await Promise.all([...first, ...second]);
    const expected = [[heldId, null], [plain, 1], null, null, [plain, null], [heldId, 1]];
    expect(results.map((result) => result && [result.facts.licenseId, result.keyVersion])).toEqual(expected);
  });

  test('gets its own answer among a thousand at once', async () => {
    const names = ['plain', 'nothing', 'held', 'ended'];
    const results = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => reader.byKey([keyHash(names[index % 4] ?? '')])),
    );
    const expected = [plain, undefined, heldId, ended];
    expect(results.map((result) => result?.facts.licenseId)).toEqual(results.map((_, index) => expected[index % 4]));
  });
});

test('Validations that arrive together go to Postgres in one call', async () => {
  const calls = vi.spyOn(models.api, 'query');
  const results = await Promise.all(Array.from({ length: 100 }, () => reader.byKey([keyHash('plain')])));
  expect(results.every((result) => result?.facts.licenseId === plain)).toBe(true);
  expect(calls).toHaveBeenCalledTimes(1);
  calls.mockRestore();
});

describe('A validation by id', () => {
  test('finds a license only for its issuer and its holder', async () => {
    expect((await reader.byId(rival, heldId))?.facts).toEqual(folded(heldId));
    expect((await reader.byId(customer, heldId))?.keyVersion).toBeNull();
    expect(await reader.byId(vendor, heldId)).toBeNull();
    expect(await reader.byId('', heldId)).toBeNull();
    expect(await reader.byId(vendor, testId('lic', 'unknown'))).toBeNull();
  });
});

test('Every validation is told when the issuer is closed', async () => {
  expect((await reader.byKey([keyHash('held')]))?.issuerClosed).toBe(false);
  await models.superuser.query('update rm.organizations set closed_at = now() where organization_id = $1', [rival]);
  expect((await reader.byKey([keyHash('held')]))?.issuerClosed).toBe(true);
  expect((await reader.byId(customer, heldId))?.issuerClosed).toBe(true);
  expect((await reader.byKey([keyHash('plain')]))?.issuerClosed).toBe(false);
});

describe('Row-level security stays in force during a validation', () => {
  const session = async () => {
    const db = new pg.Client(connectionConfig({ url: models.url, role: 'ledger_api' }));
    await db.connect();
    return db;
  };
  const tenantOf = async (db: pg.Client) =>
    (await db.query(`select current_setting('app.org_id', true) as org`)).rows[0].org;
  const ask = `select (license).license_id from rm.validation_facts($1, array[null::text], array[null::text])`;

  test('and leaves no tenant on the connection, also within a transaction', async () => {
    const db = await session();
    expect((await db.query(ask, [[keyHash('plain')]])).rows).toEqual([{ license_id: plain }]);
    expect(['', null]).toContain(await tenantOf(db));
    await db.query('begin');
    await db.query(ask, [[keyHash('plain')]]);
    expect(await tenantOf(db)).toBe('');
    expect((await db.query('select from rm.licenses')).rowCount).toBe(0);
    await db.end();
  });

  test('so that a key of another tenant’s license finds nothing', async () => {
    await models.superuser.query(
      `insert into rm.license_keys (issuer_org_id, license_id, key_version, key_hash, secret_id, hint) values ($1, $2, 9, $3, 's', 'h')`,
      [vendor, heldId, keyHash('forged')],
    );
    expect(await reader.byKey([keyHash('forged')])).toBeNull();
  });

  test('and the function has no rights of its own, so that the projector cannot look up a key', async () => {
    await expect(models.projector.query(ask, [[keyHash('plain')]])).rejects.toThrow('permission denied');
    await expect(models.worker.query(ask, [[keyHash('plain')]])).rejects.toThrow('permission denied');
  });
});

test('A lost connection fails the current requests, and the next ones succeed', async () => {
  const pool = createPool({ url: models.url, role: 'ledger_api', max: 2, applicationName: 'doomed', log: quiet });
  const doomed = createValidationReader(pool);
  await doomed.byKey([keyHash('plain')]);
  await models.superuser.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where application_name = 'doomed' and datname = current_database()`,
  );
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => doomed.byKey([keyHash('plain')])));
  expect(outcomes).toHaveLength(20);
  expect((await doomed.byKey([keyHash('plain')]))?.facts.licenseId).toBe(plain);
  await pool.end();
});
