import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ledger, startLedger, type TestMember } from '../../support/ledger.ts';

let ledger: Ledger;
let owner: TestMember;
let other: TestMember;
beforeAll(async () => {
  ledger = await startLedger();
  owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
  other = await ledger.createMember(ledger.b.organizationId, 'OWNER');
});
afterAll(() => ledger.stop());

const send = (method: string, path: string, body: object, key = owner.accessToken) =>
  ledger.call(method, path, { key, body });
const create = (products: readonly string[], key = owner.accessToken) =>
  send('POST', '/v1/api-keys', { name: 'partner', scopes: ['licenses:read', 'members:write'], products }, key);
const refusalOf = ({ status, body }: Awaited<ReturnType<typeof send>>) => [
  ...[status, body.code, body.errors?.[0]?.pointer],
];

test('An API key names only products of the catalog, and one that was made before keeps working', async () => {
  // Without an open catalog every code may be that of a product.
  const early = await create(['misspelled']);
  expect(early.status).toBe(201);
  const path = `/v1/api-keys/${early.body.apiKey?.id}`;
  for (const code of ['first_product', 'second_product'])
    expect((await send('POST', '/v1/products', { code, name: code })).status).toBe(201);

  const refused = await create(['first_product', 'misspelled']);
  expect(refusalOf(refused)).toEqual([400, 'INVALID_REQUEST', '/products/1']);
  expect(refused.body.detail).toContain('"misspelled"');
  expect(refused.body.detail).not.toContain('second_product');
  const known = await create(['first_product']);
  expect(known.status).toBe(201);

  expect((await ledger.call('GET', '/v1/licenses', { key: String(early.body.secret) })).status).toBe(200);
  expect((await send('PATCH', path, { name: 'renamed' })).status).toBe(200);
  expect((await send('PATCH', path, { products: ['misspelled', 'first_product'] })).status).toBe(200);
  expect(refusalOf(await send('PATCH', path, { products: ['misspelled', 'wrong'] }))).toEqual([
    ...[400, 'INVALID_REQUEST', '/products/1'],
  ]);
  expect((await send('PATCH', path, { products: null })).status).toBe(200);
});

test('The products of another organization are unknown, and a limited key hands on its own only', async () => {
  await send('POST', '/v1/products', { code: 'other_product', name: 'Other' }, other.accessToken);
  expect(refusalOf(await create(['first_product'], other.accessToken))).toEqual([
    ...[400, 'INVALID_REQUEST', '/products/0'],
  ]);
  const limited = String((await create(['other_product'], other.accessToken)).body.secret);
  expect((await create(['other_product'], limited)).status).toBe(201);
  expect((await create(['first_product'], limited)).status).toBe(403);
});
