import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtInPolicyId } from '../../../src/aggregates/built-in-policy-ids.ts';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
let vendor: Awaited<ReturnType<typeof newVendor>>;
beforeAll(async () => {
  ledger = await shareLedger();
  vendor = await newVendor();
});
afterAll(() => ledger.stop());

/** A vendor with the products local_cli and cloud_ide in its catalog. */
const newVendor = async () => {
  const { apiKey: key, organizationId } = await ledger.createVendor('Vendor');
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    ledger.call(method, path, { key, body, headers });
  const product = async (code: string) => String((await call('POST', '/v1/products', { code, name: code })).body.id);
  const [cli, ide] = [await product('local_cli'), await product('cloud_ide')];
  const add = (fields: object) =>
    call('POST', '/v1/policies', { name: 'Team', tier: 'PRO', products: ['local_cli'], ...fields });
  return { call, add, cli, ide, organizationId };
};

// Every rule there is, each otherwise than in any built-in policy.
const everyRule = {
  type: 'PERPETUAL',
  expiryStrategy: 'MAINTAIN',
  expiryGraceSeconds: 1,
  validationTtlSeconds: 2,
  offlineGraceSeconds: 3,
  overage: { kind: 'RATIO', percent: 150 },
  limitStrategy: 'EVICT_OLDEST',
  deactivation: { allowed: false, cooldownSeconds: 4, maxPerTerm: 5 },
  fingerprintMatching: 'MOST',
  fingerprintRequired: true,
  productRequired: true,
  lease: { scope: 'USER', ttlSeconds: 6, resurrectSeconds: 7, borrowMaxSeconds: 8 },
  heartbeatSeconds: 9,
  remindBefore: ['P2D'],
  trialEnd: 'DOWNGRADE',
  reinstateOnPayment: false,
  transferable: false,
  renewUntilSeconds: 10,
  checkInSeconds: 11,
  userRequired: true,
  versionRequired: true,
  environmentRequired: true,
  releasedAtRequired: true,
  leaseRequired: true,
  environment: 'production',
  versions: { from: '2.0', below: '3.0.0-beta.1' },
  reclaimBorrowed: true,
  deactivateOnUnassign: true,
  devicesPerUser: 3,
  deactivateUnseenAfter: 'P90D',
  keepAddressPrefix: true,
  deactivateByKey: 'OWN',
  componentCheck: 'TWO',
  fingerprintUniqueness: 'PRODUCT',
  deviceNamesByKey: true,
  trialDays: 'KEEP',
  renewalDuration: 'P6M',
  renewalBasis: 'FROM_NOW_IF_EXPIRED',
  trialAddressIgnores: ['TAG', 'DOTS', 'CASE'],
};

describe('A new policy', () => {
  test('stores every rule and returns the same when it is read', async () => {
    const { call, add } = await newVendor();
    const fields = {
      ...everyRule,
      term: { basis: 'FIRST_ACTIVATION', duration: 'P2Y' },
      limits: { activations: 1, seats: 2, users: 3, meters: { api_calls: 4 } },
    };
    const added = await add({ ...fields, entitlements: [{ code: 'export', value: 'csv', limit: 5 }] });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({
      ...fields,
      name: 'Team',
      tier: 'PRO',
      version: 1,
      products: ['local_cli'],
      archivedAt: null,
      entitlements: [{ code: 'export', value: 'csv', limit: 5, until: null, source: 'tier' }],
    });
    expect(added.headers.get('location')).toBe(`/v1/policies/${added.body.id}`);
    const read = await call('GET', `/v1/policies/${added.body.id}`);
    expect(read.body).toEqual(added.body);
    expect(read.headers.get('etag')).toBe(added.headers.get('etag'));
  });

  test.each(['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'] as const)(
    'has the rules of the built-in policy of tier %s by default',
    async (tier) => {
      const { call, add, organizationId } = await newVendor();
      const { body } = await add({ name: tier, tier, products: ['local_cli'] });
      const builtIn = await call('GET', `/v1/policies/${builtInPolicyId(organizationId, tier)}`);
      const { id, createdAt, versionCreatedAt } = body;
      expect(body).toEqual({ ...builtIn.body, id, createdAt, versionCreatedAt });
    },
  );

  test.each([
    ['/name', { name: ' ' }, 'INVALID_REQUEST'],
    ['/tier', { tier: 'GOLD' }, 'INVALID_REQUEST'],
    ['/products/1', { products: ['local_cli', 'unknown'] }, 'INVALID_REQUEST'],
    ['/products', { products: ['local_cli', 'local_cli'] }, 'INVALID_REQUEST'],
    ['/overage/percent', { overage: { kind: 'RATIO', percent: 99 } }, 'INVALID_REQUEST'],
    ['/overage/percent', { overage: { kind: 'NONE', percent: 100 } }, 'INVALID_REQUEST'],
    ['/lease/ttlSeconds', { lease: { ttlSeconds: 0 } }, 'INVALID_REQUEST'],
    ['/lease/ttl', { lease: { ttl: 60 } }, 'INVALID_REQUEST'],
    ['/deactivation/maxPerTerm', { deactivation: { maxPerTerm: -1 } }, 'INVALID_REQUEST'],
    ['/expiryGraceSeconds', { expiryGraceSeconds: 1.5 }, 'INVALID_REQUEST'],
    ['/expiryGraceSeconds', { expiryGraceSeconds: 3_162_240_001 }, 'INVALID_REQUEST'],
    ['/usagePerMinute', { usagePerMinute: 3_001 }, 'INVALID_REQUEST'],
    ['/deactivateUnseenAfter', { deactivateUnseenAfter: 'P3M' }, 'TERM_INVALID'],
    ['/deactivateUnseenAfter', { deactivateUnseenAfter: 'P366D' }, 'TERM_INVALID'],
    ['/deactivateUnseenAfter', { deactivateUnseenAfter: 'P0D' }, 'TERM_INVALID'],
    ['/versions/from', { versions: { from: 'new' } }, 'INVALID_REQUEST'],
    ['/versions', { versions: { from: '3.0', below: '2.0' } }, 'INVALID_REQUEST'],
    ['/term/basis', { term: { basis: 'NEVER' } }, 'INVALID_REQUEST'],
    ['/term/duration', { term: { basis: 'ISSUE', duration: 'a year' } }, 'TERM_INVALID'],
    ['/term', { tier: 'TRIAL', term: { basis: 'PERPETUAL' } }, 'TERM_INVALID'],
    ['/remindBefore/1', { remindBefore: ['P1D', 'soon'] }, 'TERM_INVALID'],
    ['/limits/activations', { limits: { activations: -1 } }, 'LIMIT_INVALID'],
    ['/limits/meters/builds', { limits: { meters: { builds: -1 } } }, 'LIMIT_INVALID'],
    ['/entitlements/0/code', { entitlements: [{ code: '1export' }] }, 'INVALID_REQUEST'],
    ['/entitlements', { entitlements: [{ code: 'a' }, { code: 'a' }] }, 'INVALID_REQUEST'],
  ])('with invalid content is refused and the answer names %s: %j', async (pointer, fields, code) => {
    expect(await vendor.add(fields)).toMatchObject({ status: 400, body: { code, errors: [{ pointer }] } });
  });

  test('is refused for an archived product and without any product', async () => {
    const { call, add, ide } = await newVendor();
    await call('DELETE', `/v1/products/${ide}`);
    expect(await add({ products: ['local_cli', 'cloud_ide'] })).toMatchObject({
      status: 409,
      body: { code: 'ARCHIVED', errors: [{ pointer: '/products/1' }] },
    });
    const { apiKey: key } = await ledger.createVendor('Empty');
    const body = { name: 'Team', tier: 'PRO', products: [] };
    expect((await ledger.call('POST', '/v1/policies', { key, body })).body).toMatchObject({
      code: 'INVALID_REQUEST',
      errors: [{ pointer: '/products' }],
    });
  });
});

describe('A change of a policy', () => {
  test('creates the next version, and earlier versions can still be read', async () => {
    const { call, add } = await newVendor();
    const first = (await add({ limits: { activations: 2, meters: { builds: 1 } } })).body;
    const path = `/v1/policies/${first.id}`;
    const second = await call('PATCH', path, { lease: { ttlSeconds: 60 }, limits: { seats: 3 } });
    expect(second).toMatchObject({
      status: 200,
      body: {
        version: 2,
        name: 'Team',
        createdAt: first.createdAt,
        products: ['local_cli'],
        lease: { scope: 'MACHINE', ttlSeconds: 60, resurrectSeconds: 0, borrowMaxSeconds: 0 },
        limits: { activations: 2, seats: 3, users: 0, meters: { builds: 1 } },
      },
    });
    expect((await call('GET', path)).body).toEqual(second.body);
    expect((await call('GET', `${path}?version=1`)).body).toEqual(first);
    expect((await call('GET', `${path}?version=2`)).body).toEqual(second.body);
    expect(await call('GET', `${path}?version=3`)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect((await call('GET', `${path}?version=0`)).body).toMatchObject({ errors: [{ pointer: '?version' }] });
    expect((await call('GET', '/v1/policies?q=team')).body.data).toEqual([second.body]);
  });

  test('creates no version when nothing differs', async () => {
    const { call, add } = await newVendor();
    const first = (await add({})).body;
    const path = `/v1/policies/${first.id}`;
    const { id: _, version: __, createdAt: ___, versionCreatedAt: ____, archivedAt: _____, ...fields } = first;
    expect((await call('PATCH', path, {})).body).toEqual(first);
    expect((await call('PATCH', path, fields)).body).toEqual(first);
    expect((await call('PATCH', path, { versions: { from: null }, userRequired: false })).body).toEqual(first);
  });

  test('removes a rule that is null', async () => {
    const { call, add } = await newVendor();
    const path = `/v1/policies/${(await add(everyRule)).body.id}`;
    const nothing = { renewUntilSeconds: null, checkInSeconds: null, environment: null, versions: null };
    const changed = await call('PATCH', path, { ...nothing, heartbeatSeconds: null, versions: { below: null } });
    expect(changed.body).toMatchObject({ version: 2, environment: null, versions: { from: '2.0', below: null } });
    const cleared = { ...nothing, heartbeatSeconds: null };
    expect((await call('PATCH', path, cleared)).body).toMatchObject({ version: 3, ...cleared });
  });

  test('is refused when the result is invalid or the catalog has changed since', async () => {
    const { call, add } = await newVendor();
    const added = await add({ versions: { from: '2.0' } });
    const path = `/v1/policies/${added.body.id}`;
    expect((await call('PATCH', path, { versions: { below: '1.0' } })).body).toMatchObject({
      code: 'INVALID_REQUEST',
      errors: [{ pointer: '/versions' }],
    });
    const ifMatch = { 'if-match': added.headers.get('etag') ?? '' };
    expect(await call('PATCH', path, { name: 'One' }, ifMatch)).toMatchObject({ status: 200 });
    expect(await call('PATCH', path, { name: 'Two' }, ifMatch)).toMatchObject({ status: 412 });
    expect((await call('GET', path)).body).toMatchObject({ name: 'One', version: 2 });
  });

  test('does not change licenses that were issued earlier', async () => {
    const { call, add } = await newVendor();
    const path = `/v1/policies/${(await add({ limits: { activations: 7 } })).body.id}`;
    const issue = async () =>
      (await call('POST', '/v1/licenses', { policyId: path.slice('/v1/policies/'.length) })).body.license;
    const before = await issue();
    await call('PATCH', path, { limits: { activations: 8 }, products: ['cloud_ide'] });
    const after = await issue();
    expect(before).toMatchObject({ policy: { version: 1 }, limits: { activations: 7 }, products: ['local_cli'] });
    expect(after).toMatchObject({ policy: { version: 2 }, limits: { activations: 8 }, products: ['cloud_ide'] });
    expect((await call('GET', `/v1/licenses/${before?.id}`)).body).toEqual({
      ...before,
      lastValidatedAt: null,
      recentValidations: [],
    });
  });
});

test('An archived policy stays readable, cannot be changed or issued, and archiving it again changes nothing', async () => {
  const { call, add } = await newVendor();
  const { id } = (await add({})).body;
  const archived = await call('DELETE', `/v1/policies/${id}`);
  expect(archived).toMatchObject({ status: 200, body: { id, version: 1 } });
  expect(archived.body.archivedAt).not.toBeNull();
  expect((await call('DELETE', `/v1/policies/${id}`)).body).toEqual(archived.body);
  expect((await call('GET', `/v1/policies/${id}`)).body).toEqual(archived.body);
  expect((await call('PATCH', `/v1/policies/${id}`, { name: 'x' })).body.code).toBe('ARCHIVED');
  expect((await call('POST', '/v1/licenses', { policyId: id })).body).toMatchObject({
    code: 'ARCHIVED',
    errors: [{ pointer: '/policyId' }],
  });
});

test('The list of policies filters by tier, archiving and name, and keeps its order when versions are added', async () => {
  const { call, add } = await newVendor();
  const ids: string[] = [];
  for (const name of ['Team A', 'Team B', 'team C'])
    ids.push(String((await add({ name, tier: 'ENTERPRISE' })).body.id));
  const list = async (query: string) => {
    const { body } = await call('GET', `/v1/policies?${query}`);
    return Object.values(body.data ?? {}).map(({ name }) => name);
  };
  expect(await list('q=TEAM')).toEqual(['team C', 'Team B', 'Team A']);
  const first = await call('GET', '/v1/policies?q=team&limit=1');
  // Between two pages, the policy that the first one ends with and one that is still to come get a version.
  await call('PATCH', `/v1/policies/${ids[2]}`, { transferable: false });
  await call('PATCH', `/v1/policies/${ids[0]}`, { transferable: false });
  const next = /<(.*)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
  expect(await list(next.slice(next.indexOf('?') + 1).replace('limit=1', 'limit=10'))).toEqual(['Team B', 'Team A']);
  await call('DELETE', `/v1/policies/${ids[1]}`);
  expect(await list('archived=true')).toEqual(['Team B']);
  expect(await list('tier=ENTERPRISE&archived=false')).toEqual(['team C', 'Team A', 'ENTERPRISE']);
});

test('Another organization gets the answer for an unknown policy', async () => {
  const { add } = await newVendor();
  const { call: stranger } = await newVendor();
  const { id } = (await add({})).body;
  for (const [method, body] of [['GET'], ['PATCH', { name: 'x' }], ['DELETE']] as const) {
    const [own, unknown] = await Promise.all(
      [String(id), `${String(id).slice(0, -5)}00000`].map((each) =>
        stranger(method, `/v1/policies/${each}`, body, { 'x-request-id': 'same' }),
      ),
    );
    expect(own?.status).toBe(404);
    expect(own?.text).toBe(unknown?.text);
  }
  const issued = await stranger('POST', '/v1/licenses', { policyId: id });
  expect(issued.body).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ pointer: '/policyId' }] });
});
