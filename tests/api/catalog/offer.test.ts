import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CatalogCommand } from '../../../src/domain/catalog/commands.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { builtInPolicy } from '../../../src/domain/license/policies.ts';
import { catalogAggregate } from '../../../src/eventstore/aggregate.ts';
import { aggregateId, builtInPolicyId, newCommandId } from '../../../src/eventstore/ids.ts';
import { context } from '../../support/commands.ts';
import { type Ledger, startLedger, type TestOrganization } from '../../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

type Unsent<Command> = Command extends { readonly at: string } ? Omit<Command, 'at'> : never;

/** An issuer with an open catalog: two products and, beside the built-in policies, one of its own. */
const openShop = async () => {
  const organization = await ledger.createVendor('Shop');
  const { organizationId } = organization;
  const send = async (command: Unsent<CatalogCommand>) => {
    const at = new Date().toISOString();
    const sent = await ledger.executor.execute(
      catalogAggregate,
      organizationId,
      { ...command, at },
      context(),
      () => 0,
    );
    if ('rejected' in sent) throw new Error(sent.detail);
  };
  const id = (prefix: 'prd' | 'pol') => encodeId(prefix, aggregateId(newCommandId(), prefix));
  const tiers = ['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'] as const;
  const [free, trial, pro, enterprise] = tiers.map((tier) => builtInPolicyId(organizationId, tier));
  const policyIds = { FREE: free ?? '', TRIAL: trial ?? '', PRO: pro ?? '', ENTERPRISE: enterprise ?? '' };
  const [cli, ide, own] = [id('prd'), id('prd'), id('pol')];
  const named = { name: 'Product', description: null };
  const products = [
    { productId: cli, code: 'local_cli', ...named },
    { productId: ide, code: 'cloud_ide', ...named },
  ];
  await send({ type: 'OpenCatalog', data: { issuerOrgId: organizationId, products, policyIds } });
  const { policyId: _, version: __, ...rules } = builtInPolicy('PRO', own);
  const content = {
    name: 'Metered',
    rules: { ...rules, expiryGraceSeconds: 60 },
    products: ['local_cli'],
    term: { basis: 'FIRST_ACTIVATION', duration: 'P1M' } as const,
    limits: { activations: 7, seats: 2, users: 3, meters: { api_calls: 1_000, exports: 5 } },
    entitlements: [{ code: 'export', value: null, limit: 9, until: null, source: 'tier' } as const],
  };
  await send({ type: 'CreatePolicy', data: { policyId: own, content } });
  return { organization, send, policyIds, cli, ide, own, content };
};

const issue = (organization: TestOrganization, body: object) =>
  ledger.call('POST', '/v1/licenses', { key: organization.apiKey, body });

describe('a license is issued from the catalog', () => {
  test('with what its policy says, which is pinned whatever versions follow', async () => {
    const { organization, send, own, content } = await openShop();
    const first = await issue(organization, { policyId: own });
    expect(first.body.license).toMatchObject({
      policy: { id: own, version: 1 },
      products: ['local_cli'],
      term: { number: 0, startsAt: null, expiresAt: null },
      limits: content.limits,
      entitlements: content.entitlements,
    });
    await send({ type: 'AddPolicyVersion', data: { policyId: own, content: { ...content, products: ['cloud_ide'] } } });
    const second = await issue(organization, { policyId: own });
    expect(second.body.license).toMatchObject({ policy: { version: 2 }, products: ['cloud_ide'] });
    const again = await issue(organization, { policyId: own, policyVersion: 1 });
    expect(again.body.license).toMatchObject({ policy: { version: 1 }, products: ['local_cli'] });
    const read = await ledger.call('GET', `/v1/licenses/${first.body.license?.id}`, { key: organization.apiKey });
    expect(read.body).toEqual(first.body.license);
  });

  test('with what the request says instead, each for itself', async () => {
    const { organization, own } = await openShop();
    const answer = await issue(organization, {
      policyId: own,
      products: ['cloud_ide'],
      term: { duration: 'P1Y', basis: 'FIRST_VALIDATION' },
      limits: { seats: 9, meters: { exports: 6 } },
      entitlements: [{ code: 'import' }],
      maintenanceUntil: '2030-01-01T00:00:00Z',
    });
    expect(answer.body.license).toMatchObject({
      products: ['cloud_ide'],
      term: { number: 0 },
      limits: { activations: 7, seats: 9, users: 3, meters: { api_calls: 1_000, exports: 6 } },
      entitlements: [{ code: 'import', source: 'grant' }],
      maintenanceUntil: '2030-01-01T00:00:00.000Z',
    });
  });

  test('by its tier: the oldest policy of it that is not archived', async () => {
    const { organization, send, own, policyIds } = await openShop();
    expect((await issue(organization, { tier: 'PRO' })).body.license?.policy?.id).toBe(policyIds.PRO);
    await send({ type: 'ArchivePolicy', data: { policyId: policyIds.PRO } });
    expect((await issue(organization, { tier: 'PRO' })).body.license?.policy?.id).toBe(own);
    await send({ type: 'ArchivePolicy', data: { policyId: own } });
    expect(await issue(organization, { tier: 'PRO' })).toMatchObject({
      status: 409,
      body: { code: 'ARCHIVED', errors: [{ pointer: '/tier' }] },
    });
  });

  test.each<[string, object, string, string]>([
    ['an unknown policy', { policyId: 'pol_01h455vb4pex5vsknk084sn02q' }, 'INVALID_REQUEST', '/policyId'],
    ['an unknown version', { policyVersion: 2 }, 'INVALID_REQUEST', '/policyVersion'],
    ['a product that is not in it', { products: ['local_cli', 'workflow_app'] }, 'INVALID_REQUEST', '/products/1'],
    [
      'a first use with a start',
      { term: { duration: 'P1Y', basis: 'FIRST_ACTIVATION', startsAt: '2030-01-01T00:00:00Z' } },
      'INVALID_REQUEST',
      '/term/basis',
    ],
  ])('not with %s, and the answer names the place', async (_, fields, code, pointer) => {
    const { organization, own } = await openShop();
    const answer = await issue(organization, { policyId: own, ...fields });
    expect(answer.body).toMatchObject({ code, errors: [{ pointer }] });
  });

  test('not for an archived product; a policy goes on with what is left of its own', async () => {
    const { organization, send, cli, own } = await openShop();
    await send({ type: 'ArchiveProduct', data: { productId: cli } });
    expect(await issue(organization, { tier: 'PRO', products: ['cloud_ide', 'local_cli'] })).toMatchObject({
      status: 409,
      body: { code: 'ARCHIVED', errors: [{ pointer: '/products/1' }] },
    });
    expect((await issue(organization, { tier: 'PRO' })).body.license?.products).toEqual(['cloud_ide']);
    expect(await issue(organization, { policyId: own })).toMatchObject({
      status: 409,
      body: { code: 'ARCHIVED', errors: [{ pointer: '/policyId' }] },
    });
  });
});

describe('an issuer without a catalog', () => {
  test('issues under the built-in policies, for whatever products it names', async () => {
    const answer = await issue(ledger.a, { tier: 'FREE', products: ['anything'] });
    expect(answer.body.license).toMatchObject({
      policy: { id: builtInPolicyId(ledger.a.organizationId, 'FREE'), version: 1 },
      products: ['anything'],
      term: { expiresAt: null },
    });
  });

  test('must name them, and knows no other version', async () => {
    const policyId = builtInPolicyId(ledger.a.organizationId, 'PRO');
    expect((await issue(ledger.a, { policyId })).body.errors).toMatchObject([{ pointer: '/products' }]);
    const other = await issue(ledger.a, { policyId, policyVersion: 2, products: ['anything'] });
    expect(other.body.errors).toMatchObject([{ pointer: '/policyVersion' }]);
  });
});
