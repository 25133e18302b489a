import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtInPolicyId } from '../../../src/aggregates/built-in-policy-ids.ts';
import type { Ledger, TestOrganization } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

const callAs =
  ({ apiKey: key }: TestOrganization) =>
  (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    ledger.call(method, path, { key, body, headers });
const newVendor = async () => {
  const organization = await ledger.createVendor('Vendor');
  return { organization, call: callAs(organization) };
};
const codesIn = (body: { data?: object }) => Object.values(body.data ?? {}).map(({ code }) => code);

describe('A new product', () => {
  test('is returned with its address and reads the same afterwards', async () => {
    const { call } = await newVendor();
    const added = await call('POST', '/v1/products', { code: 'local_cli', name: 'CLI', description: 'Runs locally.' });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({
      code: 'local_cli',
      name: 'CLI',
      description: 'Runs locally.',
      archivedAt: null,
    });
    expect(added.headers.get('location')).toBe(`/v1/products/${added.body.id}`);
    const read = await call('GET', `/v1/products/${added.body.id}`);
    expect(read.body).toEqual(added.body);
    expect(read.headers.get('etag')).toBe(added.headers.get('etag'));
  });

  test('opens the catalog with a policy of each tier when it is the first one', async () => {
    const { call, organization } = await newVendor();
    expect((await call('GET', '/v1/policies')).body.data).toEqual([]);
    const added = await call('POST', '/v1/products', { code: 'local_cli', name: 'CLI' });
    expect(added.headers.get('etag')).toBe('"5"');
    const { body } = await call('GET', '/v1/policies');
    const tiers = ['ENTERPRISE', 'FREE', 'PRO', 'TRIAL'] as const;
    const policies = Object.values(body.data ?? {}).toSorted((a, b) => (String(a.tier) < String(b.tier) ? -1 : 1));
    expect(policies).toMatchObject(
      tiers.map((tier) => ({
        id: builtInPolicyId(organization.organizationId, tier),
        version: 1,
        name: tier,
        tier,
        products: ['local_cli'],
      })),
    );
  });

  test('is added when several first products arrive at once', async () => {
    const { call } = await newVendor();
    const codes = ['one', 'two', 'three', 'four'];
    const added = await Promise.all(codes.map((code) => call('POST', '/v1/products', { code, name: code })));
    expect(added.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(codesIn((await call('GET', '/v1/products')).body).toSorted()).toEqual(codes.toSorted());
    expect(Object.keys((await call('GET', '/v1/policies')).body.data ?? {})).toHaveLength(4);
  });

  test('gets the first answer when the request is repeated', async () => {
    const { call } = await newVendor();
    const headers = { 'idempotency-key': randomUUID() };
    const add = () => call('POST', '/v1/products', { code: 'local_cli', name: 'CLI' }, headers);
    const [first, again] = [await add(), await add()];
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test('is refused with a code that was ever used', async () => {
    const { call } = await newVendor();
    const added = await call('POST', '/v1/products', { code: 'local_cli', name: 'CLI' });
    await call('DELETE', `/v1/products/${added.body.id}`);
    expect(await call('POST', '/v1/products', { code: 'local_cli', name: 'Another' })).toMatchObject({
      status: 409,
      body: { code: 'CODE_TAKEN', errors: [{ pointer: '/code' }] },
    });
  });

  test.each([
    ['/code', { code: 'Local', name: 'CLI' }],
    ['/name', { code: 'local_cli' }],
    ['/name', { code: 'local_cli', name: '   ' }],
    ['/name', { code: 'local_cli', name: 'x'.repeat(201) }],
    ['/description', { code: 'local_cli', name: 'CLI', description: 'x'.repeat(2_001) }],
    ['/price', { code: 'local_cli', name: 'CLI', price: 1 }],
  ])('with invalid content is refused and the answer names %j', async (pointer, body) => {
    const answer = await callAs(ledger.a)('POST', '/v1/products', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST', errors: [{ pointer }] } });
  });
});

describe('A change of a product', () => {
  test('changes the named fields, and nothing when nothing differs', async () => {
    const { call } = await newVendor();
    const added = await call('POST', '/v1/products', { code: 'local_cli', name: 'CLI', description: 'Runs.' });
    const path = `/v1/products/${added.body.id}`;
    const renamed = await call('PATCH', path, { name: 'Local CLI' });
    expect(renamed).toMatchObject({
      status: 200,
      body: { name: 'Local CLI', description: 'Runs.', code: 'local_cli' },
    });
    expect((await call('PATCH', path, { description: null })).body).toMatchObject({ description: null });
    const same = await call('PATCH', path, { name: 'Local CLI' });
    expect(same.headers.get('etag')).toBe('"7"');
    expect((await call('PATCH', path, {})).headers.get('etag')).toBe('"7"');
    expect((await call('GET', path)).body).toEqual(same.body);
  });

  test('is refused when the catalog has changed since it was read', async () => {
    const { call } = await newVendor();
    const added = await call('POST', '/v1/products', { code: 'local_cli', name: 'CLI' });
    const path = `/v1/products/${added.body.id}`;
    const ifMatch = { 'if-match': added.headers.get('etag') ?? '' };
    expect(await call('PATCH', path, { name: 'One' }, ifMatch)).toMatchObject({ status: 200 });
    expect(await call('PATCH', path, { name: 'Two' }, ifMatch)).toMatchObject({
      status: 412,
      body: { code: 'REVISION_MISMATCH' },
    });
    expect(await call('DELETE', path, undefined, ifMatch)).toMatchObject({ status: 412 });
    expect((await call('GET', path)).body).toMatchObject({ name: 'One', archivedAt: null });
  });

  test('answers 304 to a client that has the product already', async () => {
    const { call } = await newVendor();
    const added = await call('POST', '/v1/products', { code: 'local_cli', name: 'CLI' });
    const ifNoneMatch = { 'if-none-match': added.headers.get('etag') ?? '' };
    const unmodified = await call('GET', `/v1/products/${added.body.id}`, undefined, ifNoneMatch);
    expect([unmodified.status, unmodified.text]).toEqual([304, '']);
  });
});

test('An archived product stays readable, cannot be changed, and archiving it again changes nothing', async () => {
  const { call } = await newVendor();
  const added = await call('POST', '/v1/products', { code: 'local_cli', name: 'CLI' });
  const path = `/v1/products/${added.body.id}`;
  const archived = await call('DELETE', path);
  expect(archived).toMatchObject({ status: 200, body: { code: 'local_cli' } });
  expect(archived.body.archivedAt).not.toBeNull();
  expect((await call('GET', path)).body).toEqual(archived.body);
  expect((await call('DELETE', path)).body).toEqual(archived.body);
  expect(await call('PATCH', path, { name: 'x' })).toMatchObject({ status: 409, body: { code: 'ARCHIVED' } });
});

describe('The list of products', () => {
  test('filters by code, archiving and beginning of the name, and continues page by page', async () => {
    const { call } = await newVendor();
    const ids: string[] = [];
    for (const [code, name] of Object.entries({ editor_one: 'Editor', editor_two: 'editor & friends', tool: 'Tool' }))
      ids.push(String((await call('POST', '/v1/products', { code, name })).body.id));
    await call('DELETE', `/v1/products/${ids[2]}`);
    const list = async (query: string) => codesIn((await call('GET', `/v1/products?${query}`)).body);
    expect(await list('')).toEqual(['tool', 'editor_two', 'editor_one']);
    expect(await list('archived=true')).toEqual(['tool']);
    expect(await list('archived=false&q=EDITOR')).toEqual(['editor_two', 'editor_one']);
    expect(await list('code=tool')).toEqual(['tool']);

    const first = await call('GET', '/v1/products?q=editor&limit=1');
    const next = /<(.*)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    expect(codesIn((await call('GET', next)).body)).toEqual(['editor_one']);
    const { nextCursor } = first.body;
    expect((await call('GET', `/v1/products?q=tool&cursor=${nextCursor}`)).status).toBe(400);
    expect((await call('GET', '/v1/products?archived=yes')).body).toMatchObject({ errors: [{ pointer: '?archived' }] });
  });
});

describe('Another organization', () => {
  test('gets the answer for an unknown product', async () => {
    const { call } = await newVendor();
    const { call: stranger, organization } = await newVendor();
    const added = await call('POST', '/v1/products', { code: 'local_cli', name: 'CLI' });
    const unknown = `/v1/products/${String(added.body.id).slice(0, -5)}00000`;
    const own = `/v1/products/${added.body.id}`;
    const bodyOf = async (method: string, path: string, body?: object) => {
      const answer = await stranger(method, path, body, { 'x-request-id': 'same' });
      expect(answer.status).toBe(404);
      return answer.text;
    };
    for (const round of ['without a catalog', 'with one']) {
      for (const [method, body] of [['GET'], ['PATCH', { name: 'x' }], ['DELETE']] as const)
        expect(await bodyOf(method, own, body), `${method} ${round}`).toBe(await bodyOf(method, unknown, body));
      await callAs(organization)('POST', '/v1/products', { code: 'other', name: 'Other' });
    }
    expect(codesIn((await stranger('GET', '/v1/products')).body)).toEqual(['other']);
  });
});

test('Only callers with that right change the catalog, and callers who read licenses can read it', async () => {
  const { organizationId } = await ledger.createVendor('Vendor');
  const reader = callAs(await ledger.createKey(organizationId, ['licenses:read']));
  const writer = callAs(await ledger.createKey(organizationId, ['catalog:write']));
  const neither = callAs(await ledger.createKey(organizationId, ['licenses:write']));
  const product = { code: 'local_cli', name: 'CLI' };
  expect((await reader('POST', '/v1/products', product)).body.code).toBe('FORBIDDEN');
  expect((await writer('POST', '/v1/products', product)).status).toBe(201);
  expect((await reader('GET', '/v1/products')).status).toBe(200);
  expect((await writer('GET', '/v1/policies')).status).toBe(200);
  expect((await neither('GET', '/v1/products')).body.code).toBe('FORBIDDEN');
});
