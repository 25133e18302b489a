import type { PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { transaction } from '../../../src/postgres/transaction.ts';
import { listLicenses } from '../../../src/projections/queries/lists/license-list.ts';
import { activationsOf } from '../../../src/projections/tables/activations.ts';
import { apiKeyById, listApiKeys } from '../../../src/projections/tables/api-keys.ts';
import { listInvitations } from '../../../src/projections/tables/invitations.ts';
import { listIssuerDecisions } from '../../../src/projections/tables/issuer-decisions.ts';
import { historyOf } from '../../../src/projections/tables/license-events.ts';
import { listOffers } from '../../../src/projections/tables/license-offers.ts';
import { listMembers } from '../../../src/projections/tables/memberships.ts';
import { organizationById } from '../../../src/projections/tables/organizations.ts';
import { listPolicies, policyById } from '../../../src/projections/tables/policies.ts';
import { listProducts, productById } from '../../../src/projections/tables/products.ts';
import { listProjects, projectById } from '../../../src/projections/tables/projects.ts';
import { listReleases, releaseOf } from '../../../src/projections/tables/releases.ts';
import { insertRows } from '../../../src/projections/tables/rows.ts';
import { readModelTables } from '../../../src/projections/tables/tables.ts';
import { customer, testInstant, vendor } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, project } from '../../support/read-models.ts';
import { varied, variedOf } from './varied-rows.ts';

const rowsPerTable = 3_000;
let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  await project(models.projector, randomLog(600));
  await transaction(models.projector, 'begin', async (db) => {
    for (const { table } of readModelTables) {
      const { rows } = await db.query(`select to_jsonb(t) as row from ${table.name} t limit 1`);
      const copies = Array.from({ length: rowsPerTable }, (_, n) => ({
        ...rows[0]?.row,
        ...varied(n),
        ...variedOf[table.name]?.(n),
      }));
      await insertRows(db, table, copies);
    }
  });
  await models.superuser.query(`insert into identity.api_keys (api_key_id, lookup_id, issuer_org_id, hash, secret_id)
    select api_key_id, api_key_id, issuer_org_id, '', '' from rm.api_keys`);
  await models.superuser.query('analyze');
});
afterAll(() => models.drop());

type Node = { readonly 'Node Type': string; readonly Plans?: readonly Node[] } & {
  readonly [Name in 'Relation Name' | 'Index Name']?: string;
};
const nodesOf = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Returns which of our tables Postgres reads whole for `read` as a tenant, and which indexes it uses. */
const planOf = async (org: string, read: (db: PoolClient) => Promise<unknown>) => {
  const nodes: Node[] = [];
  await asTenant(models.api, org, async (db) => {
    const explain = async (query: string | { readonly text: string; readonly values?: readonly unknown[] }) => {
      const { text, values = [] } = typeof query === 'string' ? { text: query } : query;
      // The next query uses the result of this one.
      if (/holders_named|holders_containing|set_config/.test(text)) return db.query(text, [...values]);
      const { rows } = await db.query({ text: `explain (format json) ${text}`, values: [...values] });
      nodes.push(...nodesOf(rows[0]['QUERY PLAN'][0].Plan));
      return text.includes('as issuer') ? db.query(text, [...values]) : { rows: [] };
    };
    await read(new Proxy(db, { get: (target, name) => (name === 'query' ? explain : Reflect.get(target, name)) }));
  });
  const ours = new Set(readModelTables.map(({ table }) => table.name));
  return {
    readWhole: nodes
      .filter((node) => node['Node Type'] === 'Seq Scan' && ours.has(node['Relation Name'] ?? ''))
      .map((node) => node['Relation Name']),
    indexes: nodes.map((node) => node['Index Name']).filter((name) => name !== undefined),
    types: nodes.map((node) => node['Node Type']),
  };
};

const now = testInstant(100 * 86_400);
const list = (filter: Partial<Parameters<typeof listLicenses>[1]>) => (db: PoolClient) =>
  listLicenses(db, { orgId: vendor, limit: 51, after: null, now, ...filter });
const aPlace = { instant: testInstant(24_000), licenseId: 'lic_400' };
type Read = (db: PoolClient) => Promise<unknown>;
const products =
  (filter: Partial<Parameters<typeof listProducts>[1]>): Read =>
  (db) =>
    listProducts(db, { issuerOrgId: vendor, limit: 51, after: null, ...filter });
const releases =
  (filter: Partial<Parameters<typeof listReleases>[1]>): Read =>
  (db) =>
    listReleases(db, { issuerOrgId: vendor, product: 'local_cli', limit: 51, after: null, ...filter });
const policies =
  (filter: Partial<Parameters<typeof listPolicies>[1]>): Read =>
  (db) =>
    listPolicies(db, { issuerOrgId: vendor, limit: 51, after: null, ...filter });
const select = (from: string, order: string) => (db: PoolClient) =>
  db.query(`select * from rm.${from} order by ${order} limit 51`);
const ours = { orgId: vendor, limit: 51, after: null };
const own = `issuer_org_id = '${vendor}'`;
const sourceOf = async (name: string): Promise<string> => {
  const { rows } = await models.superuser.query<{ source: string }>(
    'select prosrc as source from pg_proc where proname = $1',
    [name],
  );
  return rows[0]?.source ?? '';
};

describe('Postgres uses an index under row-level security for', () => {
  test.each<[string, string, (db: PoolClient) => Promise<unknown>]>([
    ['licenses', '', list({})],
    ['licenses, a later page', '', list({ after: aPlace })],
    ['licenses by status ACTIVE', '', list({ status: 'ACTIVE' })],
    ['licenses by status EXPIRED', '', list({ status: 'EXPIRED' })],
    ['licenses by status REVOKED', 'licenses_by_tier_and_status', list({ status: 'REVOKED' })],
    ['licenses by policy', 'licenses_by_policy', list({ policy: 'pol_1' })],
    ['licenses by product', 'license_products_by_issuer', list({ product: 'rare' })],
    ['licenses by product, a later page', 'license_products_by_issuer', list({ product: 'rare', after: aPlace })],
    ['licenses by product and status', 'license_products_by_tier', list({ product: 'rare', status: 'ACTIVE' })],
    ['licenses by product and tier', 'license_products_by_tier', list({ product: 'local_cli', tier: 'ENTERPRISE' })],
    ['licenses by reference', 'licenses_by_external_ref', list({ externalRef: 'Sub_1000' })],
    ['licenses by holder', 'licenses_by_issuer_and_holder', list({ holder: customer })],
    [
      'licenses by the end of their term',
      'licenses_by_end',
      list({ expiresAfter: '2026-01-02T00:00:00.000Z', expiresBefore: '2026-01-03T00:00:00.000Z' }),
    ],
    [
      'licenses by the beginning of their reference, in any case',
      'licenses_by_reference_prefix',
      list({ q: 'SUB_19' }),
    ],
    ['licenses by the name of their holder', 'licenses_by_issuer_and_holder', list({ q: 'organization 2' })],
    ['licenses by a part of their reference', 'licenses_pkey', list({ contains: 'B_19' })],
    [
      'licenses that nobody validates',
      'license_last_validations_by_issuer',
      list({ lastValidatedBefore: testInstant(90_000) }),
    ],
    ['licenses of an issuer', '', list({ issuer: 'org_2' })],
    ['offers', 'license_offers_by_holder', (db) => listOffers(db, { ...ours, now: testInstant(0) })],
    ['issuers', 'issuer_decisions_pkey', (db) => listIssuerDecisions(db, ours)],
    ['activations', 'activations_open_by_time', (db) => activationsOf(db, 'lic_100', { limit: 51, after: null })],
    [
      'history',
      'license_events_pkey',
      (db) => historyOf(db, 'lic_100', { order: 'desc', limit: 51, afterRevision: 9n }),
    ],
    ['events', 'license_events_by_issuer', select(`license_events where ${own} and position > 2900`, 'position')],
    ['members', 'memberships_by_time', (db) => listMembers(db, ours)],
    ['members, a later page', 'memberships_by_time', (db) => listMembers(db, { ...ours, after: 'usr_400' })],
    ['members by role', 'memberships_by_time', (db) => listMembers(db, { ...ours, role: 'OWNER' })],
    ['open invitations', 'invitations_pending', (db) => listInvitations(db, { ...ours, now: testInstant(0) })],
    ['projects', 'projects_by', (db) => listProjects(db, ours)],
    ['projects, a later page', 'projects_by', (db) => listProjects(db, { ...ours, after: 'prj_400' })],
    ['projects that are archived', 'projects_by', (db) => listProjects(db, { ...ours, archived: true })],
    ['projects by name', 'projects_by_name', (db) => listProjects(db, { ...ours, q: 'Name 19' })],
    ['a project', 'projects_pkey', (db) => projectById(db, vendor, 'prj_400')],
    ['API keys', 'api_keys_by_organization', (db) => listApiKeys(db, ours)],
    ['an API key', 'api_keys_pkey', (db) => apiKeyById(db, 'key_400')],
    ['an organization', 'organizations_', (db) => organizationById(db, vendor)],
    ['products', 'products_', products({})],
    ['products, a later page', 'products_', products({ after: 'prd_1000' })],
    ['products by name', 'products_by_name', products({ q: 'NAME 19' })],
    ['a product by its code', 'products_by_code', products({ code: 'product_1000' })],
    ['products on sale', 'products_', products({ archived: false })],
    ['archived products', 'products_archived', products({ archived: true })],
    ['a product', 'products_pkey', (db) => productById(db, vendor, 'prd_1000')],
    ['releases, a later page', 'releases_', releases({ after: '1.0.1000' })],
    ['releases of a channel', 'releases_by_channel', releases({ channel: 'beta' })],
    ['a release', 'releases_pkey', (db) => releaseOf(db, vendor, 'local_cli', '1.0.1000')],
    ['policies', 'policies_', policies({})],
    ['policies, a later page', 'policies_', policies({ after: 'pol_1000' })],
    ['policies by tier', 'policies_by_tier', policies({ tier: 'ENTERPRISE' })],
    ['policies by name', 'policies_by_name', policies({ q: 'NAME 19' })],
    ['policies in use', 'policies_', policies({ archived: false })],
    ['archived policies', 'policies_archived', policies({ archived: true })],
    ['a policy', 'policies_pkey', (db) => policyById(db, vendor, 'pol_1000', null)],
    [
      'leases of a license',
      'leases_open',
      select(`leases where license_id = 'lic_100' and ended_at is null`, 'acquired_at'),
    ],
    [
      'users of a license',
      'license_users_assigned',
      select(`license_users where license_id = 'lic_100' and unassigned_at is null`, 'assigned_at'),
    ],
  ])('%s (%s)', async (_, index, read) => {
    const { readWhole, indexes } = await planOf(vendor, read);
    expect(readWhole).toEqual([]);
    // Without a filter the planner may choose any index that begins with the issuer.
    expect(indexes.filter((name) => name.startsWith(index))).not.toEqual([]);
  });

  test.each([
    ['the first page', null],
    ['a later page', aPlace],
  ])('many active licenses that nobody validates, merging the months of an index (%s)', async (_, after) => {
    const { readWhole, indexes, types } = await planOf(vendor, (db) => {
      const listing = {
        ...ours,
        now,
        after,
        status: 'ACTIVE',
        lastValidatedBefore: testInstant(200 * 86_400),
      } as const;
      return listLicenses(db, listing, 3);
    });
    expect(readWhole).toEqual([]);
    expect(types).toContain('Merge Append');
    expect(indexes).toContain('license_last_validations_by_issuer');
  });

  test('references with a part, reading their index alone', async () => {
    await models.superuser.query('vacuum rm.licenses');
    const source = await sourceOf('references_containing');
    const inner = /(select\s+array.*);\s*end/s.exec(source)?.[1] ?? '';
    const query = inner.replaceAll('tenant', `'${vendor}'`).replaceAll('part)', "'b_19')").replaceAll('most', '2001');
    const planned = await models.superuser.query(`explain (format json) ${query}`);
    const scans = nodesOf(planned.rows[0]['QUERY PLAN'][0].Plan).filter((node) => node['Node Type'].includes('Scan'));
    expect(scans.map((node) => [node['Node Type'], node['Index Name']])).toEqual([
      ['Index Only Scan', 'licenses_by_reference_prefix'],
      ['Index Only Scan', 'licenses_by_holder_and_reference_prefix'],
    ]);
  });

  test.each([
    ['holders_named', 'prefix'],
    ['holders_containing', 'part'],
  ])('the holders of the licenses of an organization, stepping along an index (%s)', async (name, parameter) => {
    const inner = /array\((.*)\)\s*;\s*end/s.exec(await sourceOf(name))?.[1] ?? '';
    const query = inner.replaceAll('tenant', `'${vendor}'`).replaceAll(parameter, "'Organization'");
    const planned = await models.superuser.query(`explain (format json) ${query}`);
    const nodes = nodesOf(planned.rows[0]['QUERY PLAN'][0].Plan);
    expect(nodes.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([]);
    const indexes = nodes.flatMap((node) => node['Index Name'] ?? []);
    expect(new Set(indexes.map((name) => name.split('_')[0]))).toEqual(new Set(['licenses', 'organizations']));
  });

  test('the licenses that an organization holds, and its events', async () => {
    const plan = await planOf(customer, (db) => listLicenses(db, { orgId: customer, limit: 51, after: null, now }));
    expect(plan.readWhole).toEqual([]);
    expect(plan.indexes).toContain('licenses_by_holder');
    const product = 'local_cli';
    const ofProduct = await planOf(customer, (db) =>
      listLicenses(db, { orgId: customer, limit: 51, after: null, now, product }),
    );
    expect(ofProduct.readWhole).toEqual([]);
    expect(ofProduct.indexes).toContain('license_products_by_holder');
    const isHeld = `holder_org_id = '${customer}' and issuer_org_id <> holder_org_id`;
    const fed = await planOf(customer, select(`license_events where ${isHeld} and position > 2000`, 'position'));
    expect(fed.readWhole).toEqual([]);
    expect(fed.indexes).toContain('license_events_by_holder');
  });
});

test('A search by the name of holders considers at most a thousand holders', async () => {
  await transaction(models.projector, 'begin', async (db) => {
    for (const [table, key] of [
      ['licenses', 'license_id'],
      ['organizations', 'organization_id'],
    ] as const) {
      const model = readModelTables.find(({ table: { name } }) => name === table);
      if (model === undefined) throw new Error(`There is no table ${table}.`);
      const { rows } = await db.query(`select to_jsonb(t) as row from ${table} t limit 1`);
      const copies = Array.from({ length: 1_001 }, (_, n) => {
        const holder = `org_many_${n}`;
        const own = table === 'licenses' ? { license_id: `lic_many_${n}`, holder_org_id: holder } : { name: 'Many' };
        const issuerOrgId = table === 'licenses' ? vendor : holder;
        return { ...rows[0]?.row, [key]: holder, ...own, issuer_org_id: issuerOrgId };
      });
      await insertRows(db, model.table, copies);
    }
  });
  const result = await asTenant(models.api, vendor, (db) => db.query("select rm.holders_named('many') as holders"));
  expect(result.rows[0].holders).toHaveLength(1_000);
});
