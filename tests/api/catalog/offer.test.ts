import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtInPolicyId } from '../../../src/aggregates/built-in-policy-ids.ts';
import type { Ledger, TestOrganization } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

/** An issuer with two products, the built-in policies and one policy of its own. */
const openShop = async () => {
  const organization = await ledger.createVendor('Shop');
  const { apiKey: key, organizationId } = organization;
  const make = async (path: string, body: object) => {
    const made = await ledger.call('POST', path, { key, body });
    if (made.status !== 201) throw new Error(made.text);
    return String(made.body.id);
  };
  const cli = await make('/v1/products', { code: 'local_cli', name: 'CLI' });
  await make('/v1/products', { code: 'cloud_ide', name: 'IDE' });
  const content = {
    limits: { activations: 7, seats: 2, users: 3, meters: { api_calls: 1_000, exports: 5 } },
    entitlements: [{ code: 'export', limit: 9 }],
  };
  const own = await make('/v1/policies', {
    ...content,
    name: 'Metered',
    tier: 'PRO',
    products: ['local_cli'],
    expiryGraceSeconds: 60,
    term: { basis: 'FIRST_ACTIVATION', duration: 'P1M' },
  });
  const archive = (id: string) =>
    ledger.call('DELETE', `/v1/${id.startsWith('prd') ? 'products' : 'policies'}/${id}`, { key });
  const change = (id: string, body: object) => ledger.call('PATCH', `/v1/policies/${id}`, { key, body });
  return { organization, pro: builtInPolicyId(organizationId, 'PRO'), archive, change, cli, own, content };
};

const issue = (organization: TestOrganization, body: object) =>
  ledger.call('POST', '/v1/licenses', { key: organization.apiKey, body });

describe('A license from the catalog', () => {
  test('keeps the version of the policy that it was issued under', async () => {
    const { organization, change, own, content } = await openShop();
    const first = await issue(organization, { policyId: own });
    expect(first.body.license).toMatchObject({
      policy: { id: own, version: 1 },
      products: ['local_cli'],
      term: { number: 0, startsAt: null, expiresAt: null },
      limits: content.limits,
      entitlements: [{ code: 'export', value: null, limit: 9, until: null, source: 'tier' }],
    });
    await change(own, { products: ['cloud_ide'] });
    const second = await issue(organization, { policyId: own });
    expect(second.body.license).toMatchObject({ policy: { version: 2 }, products: ['cloud_ide'] });
    const again = await issue(organization, { policyId: own, policyVersion: 1 });
    expect(again.body.license).toMatchObject({ policy: { version: 1 }, products: ['local_cli'] });
    const read = await ledger.call('GET', `/v1/licenses/${first.body.license?.id}`, { key: organization.apiKey });
    expect(read.body).toEqual({ ...first.body.license, lastValidatedAt: null, recentValidations: [] });
  });

  test('gets the values of the request instead of those of the policy, and its grants in addition', async () => {
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
      entitlements: [
        { code: 'export', source: 'tier' },
        { code: 'import', source: 'grant' },
      ],
      maintenanceUntil: '2030-01-01T00:00:00.000Z',
    });
  });

  test('gets the oldest policy of its tier that is not archived', async () => {
    const { organization, archive, own, pro } = await openShop();
    expect((await issue(organization, { tier: 'PRO' })).body.license?.policy?.id).toBe(pro);
    await archive(pro);
    expect((await issue(organization, { tier: 'PRO' })).body.license?.policy?.id).toBe(own);
    await archive(own);
    expect(await issue(organization, { tier: 'PRO' })).toMatchObject({
      status: 409,
      body: { code: 'ARCHIVED', errors: [{ pointer: '/tier' }] },
    });
  });

  test.each<[string, object, string, string]>([
    ['an unknown policy', { policyId: 'pol_01h455vb4pex5vsknk084sn02q' }, 'INVALID_REQUEST', '/policyId'],
    ['an unknown version', { policyVersion: 2 }, 'INVALID_REQUEST', '/policyVersion'],
    [
      'a product that the policy does not have',
      { products: ['local_cli', 'workflow_app'] },
      'INVALID_REQUEST',
      '/products/1',
    ],
    [
      'a first use with a start',
      { term: { duration: 'P1Y', basis: 'FIRST_ACTIVATION', startsAt: '2030-01-01T00:00:00Z' } },
      'INVALID_REQUEST',
      '/term/basis',
    ],
  ])('is refused with %s, and the answer names the place', async (_, fields, code, pointer) => {
    const { organization, own } = await openShop();
    const answer = await issue(organization, { policyId: own, ...fields });
    expect(answer.body).toMatchObject({ code, errors: [{ pointer }] });
  });

  test('cannot cover an archived product, and its policy keeps the other products', async () => {
    const { organization, archive, change, pro, cli, own } = await openShop();
    await change(pro, { products: ['local_cli', 'cloud_ide'] });
    await archive(cli);
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

describe('An issuer without a catalog', () => {
  test('issues under the built-in policies for any products', async () => {
    const answer = await issue(ledger.a, { tier: 'FREE', products: ['anything'] });
    expect(answer.body.license).toMatchObject({
      policy: { id: builtInPolicyId(ledger.a.organizationId, 'FREE'), version: 1 },
      products: ['anything'],
      term: { expiresAt: null },
    });
  });

  test('must name the products and has only version 1 of the policies', async () => {
    const policyId = builtInPolicyId(ledger.a.organizationId, 'PRO');
    expect((await issue(ledger.a, { policyId })).body.errors).toMatchObject([{ pointer: '/products' }]);
    const other = await issue(ledger.a, { policyId, policyVersion: 2, products: ['anything'] });
    expect(other.body.errors).toMatchObject([{ pointer: '/policyVersion' }]);
  });
});
