import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CatalogEvent } from '../../../src/domain/catalog/events.ts';
import { builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { Unprojectable } from '../../../src/projections/fold/fold-batch.ts';
import { listPolicies, policyById } from '../../../src/projections/tables/policies.ts';
import { listProducts, productById } from '../../../src/projections/tables/products.ts';
import { createLog, rival, testId, testInstant, vendor } from '../../support/license-fixtures.ts';
import {
  createReadModels,
  dumpReadModels,
  emptyReadModels,
  forgetPosition,
  project,
  verdictOn,
} from '../../support/read-models.ts';
import { catalogLife } from '../../support/stream-fixtures.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(() => emptyReadModels(models.superuser));

const rowsOf = async (sql: string) => (await models.superuser.query(sql)).rows;
const at = (seconds: number) => new Date(testInstant(seconds));

/** A catalog with every kind of event, each a second after the previous one. */
const logOf = (events: readonly CatalogEvent[]) => {
  const ledger = createLog();
  for (const [index, event] of events.entries())
    ledger.append(`catalog-${vendor}`, [event], { issuerOrgId: vendor, holderOrgId: null }, testInstant(index));
  return ledger.log;
};

describe.each([1, 2, 500])('In batches of %i', (batchSize) => {
  beforeEach(() => project(models.projector, logOf(catalogLife(vendor)), batchSize));

  test('a product is renamed and archived, and keeps its code', async () => {
    const sql =
      'select code, name, name_lower, description, created_at, archived_at from rm.products order by created_at';
    const text = 'Edits text.';
    expect(await rowsOf(sql)).toEqual([
      {
        code: 'local_cli',
        name: 'Great Editor',
        name_lower: 'great editor',
        description: text,
        created_at: at(1),
        archived_at: null,
      },
      {
        code: 'cloud_ide',
        name: 'IDE',
        name_lower: 'ide',
        description: text,
        created_at: at(2),
        archived_at: at(7),
      },
    ]);
  });

  test('every version of a policy stays, one is current, and all are archived with the policy', async () => {
    const sql = 'select name, version, current, archived_at from rm.policies order by tier, version';
    expect(await rowsOf(sql)).toEqual([
      { name: 'FREE', version: 1, current: false, archived_at: at(10) },
      { name: 'FREE 2', version: 2, current: true, archived_at: at(10) },
      { name: 'PRO', version: 1, current: false, archived_at: null },
      { name: 'PRO 2', version: 2, current: false, archived_at: null },
      { name: 'PRO 3', version: 3, current: true, archived_at: null },
    ]);
  });

  test('a policy contains everything that a license takes from it', async () => {
    const policyId = testId('pol', `PRO of ${vendor}`);
    const [policy] = await rowsOf(`select * from rm.policies where version = 3`);
    expect(policy).toMatchObject({
      policy: { ...builtInPolicy('PRO', policyId), version: 3 },
      issuer_org_id: vendor,
      policy_id: policyId,
      tier: 'PRO',
      type: 'SUBSCRIPTION',
      products: ['local_cli', 'cloud_ide'],
      term: { basis: 'ISSUE', duration: 'P1Y' },
      limits: { activations: 5, seats: 0, users: 0, meters: {} },
      entitlements: [],
      created_at: at(8),
    });
  });
});

describe('The API reads', () => {
  const log = logOf(catalogLife(vendor));
  beforeEach(() => project(models.projector, log));
  const all = { issuerOrgId: vendor, limit: 10, after: null };
  const productsOf = async (filter: Partial<Parameters<typeof listProducts>[1]>, org = vendor) =>
    (await asTenant(models.api, org, (db) => listProducts(db, { ...all, ...filter }))).map(({ code }) => code);
  const policiesOf = async (filter: Partial<Parameters<typeof listPolicies>[1]>, org = vendor) =>
    (await asTenant(models.api, org, (db) => listPolicies(db, { ...all, ...filter }))).map(({ name }) => name);
  const [pro, free] = ['PRO', 'FREE'].map((tier) => testId('pol', `${tier} of ${vendor}`));

  test('products by code, by state and by the beginning of the name in upper or lower case, newest first', async () => {
    expect(await productsOf({})).toEqual(['cloud_ide', 'local_cli']);
    expect(await productsOf({ code: 'local_cli' })).toEqual(['local_cli']);
    expect(await productsOf({ archived: true })).toEqual(['cloud_ide']);
    expect(await productsOf({ archived: false })).toEqual(['local_cli']);
    expect(await productsOf({ q: 'gREAT e' })).toEqual(['local_cli']);
    expect(await productsOf({ q: 'reat' })).toEqual([]);
    expect(await productsOf({ after: testId('prd', `ide of ${vendor}`) })).toEqual(['local_cli']);
  });

  test('current policies by tier, by state and by name, the newest policy first', async () => {
    expect(await policiesOf({})).toEqual(['FREE 2', 'PRO 3']);
    expect(await policiesOf({ tier: 'PRO' })).toEqual(['PRO 3']);
    expect(await policiesOf({ archived: true })).toEqual(['FREE 2']);
    expect(await policiesOf({ archived: false })).toEqual(['PRO 3']);
    expect(await policiesOf({ q: 'pro 3' })).toEqual(['PRO 3']);
    expect(await policiesOf({ q: 'pro 2' })).toEqual([]);
    expect(await policiesOf({ after: free ?? '' })).toEqual(['PRO 3']);
  });

  test('one product, and any version of one policy, with the revision of the catalog', async () => {
    const editor = testId('prd', `editor of ${vendor}`);
    const product = await asTenant(models.api, vendor, (db) => productById(db, vendor, editor));
    expect(product).toMatchObject({ name: 'Great Editor', createdAt: testInstant(1), archivedAt: null, revision: 15n });
    const policy = (version: number | null) =>
      asTenant(models.api, vendor, (db) => policyById(db, vendor, pro ?? '', version));
    const second = { name: 'PRO 2', createdAt: testInstant(3), versionAt: testInstant(6), revision: 15n };
    expect(await policy(2)).toMatchObject({ ...second, policy: { version: 2 } });
    expect(await policy(null)).toMatchObject({ name: 'PRO 3', createdAt: testInstant(3), versionAt: testInstant(8) });
    expect(await policy(4)).toBeNull();
    expect(await policy(2 ** 40)).toBeNull();
  });

  test('nothing of another issuer', async () => {
    expect(await productsOf({}, rival)).toEqual([]);
    expect(await policiesOf({}, rival)).toEqual([]);
    expect(await asTenant(models.api, rival, (db) => policyById(db, vendor, pro ?? '', null))).toBeNull();
  });
});

test('Projecting an event again changes nothing', async () => {
  const log = logOf(catalogLife(vendor));
  await project(models.projector, log);
  const before = await dumpReadModels(models.superuser);
  await forgetPosition(models.superuser);
  await project(models.projector, log, 3);
  expect(await dumpReadModels(models.superuser)).toEqual(before);
  expect(await verdictOn(models.projector, log)).toMatchObject({
    intact: true,
    // Ten of the catalog, and one for each event in the log of the issuer.
    rows: 10 + log.length,
  });
});

describe('The projector stops at a catalog that', () => {
  const [opened, ...later] = catalogLife(rival);
  test.each<[string, readonly { type: string; data: object }[], string]>([
    ['does not begin with its opening', later, 'does not begin with CatalogOpened'],
    ['belongs to another stream', opened === undefined ? [] : [opened], 'which is not that of its stream'],
    ['has an unknown event', [{ type: 'CatalogPainted', data: {} }], 'cannot be read'],
  ])('%s', async (_, events, sentence) => {
    const ledger = createLog();
    ledger.happen(`catalog-${vendor}`, events as readonly CatalogEvent[]);
    const error = await project(models.projector, ledger.log).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Unprojectable);
    expect(String(error)).toContain(sentence);
  });
});
