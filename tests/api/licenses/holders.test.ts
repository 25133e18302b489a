import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger, TestOrganization } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
let vendor: TestOrganization;
let holder: TestOrganization;
let stranger: TestOrganization;
beforeAll(async () => {
  ledger = await shareLedger();
  vendor = await ledger.createVendor('Naming Inc.');
  holder = await ledger.createVendor('Named AG');
  stranger = await ledger.createVendor('Unnamed AG');
});
afterAll(() => ledger.stop());

const read = (ids: readonly string[], key = vendor.apiKey) =>
  ledger.call('GET', `/v1/holders?ids=${ids.join()}`, { key });
const all = () => [vendor, holder, stranger].map(({ organizationId }) => organizationId);

test('An issuer reads the names of its holders, and of no organization that was only offered a license', async () => {
  expect((await read(all())).body).toEqual({ data: [] });
  const held = await ledger.issue({ holderOrganizationId: holder.organizationId }, vendor);
  const body = { tier: 'PRO', products: ['local_cli'], holderOrganizationId: stranger.organizationId };
  const offered = await ledger.call('POST', '/v1/licenses', { key: vendor.apiKey, body });
  expect([offered.status, offered.body.license?.holderOrganizationId]).toEqual([201, null]);
  const named = { data: [{ organizationId: holder.organizationId, name: 'Named AG' }] };
  expect((await read([...all(), ...all()])).body).toEqual(named);
  expect((await read(all(), holder.apiKey)).body).toEqual({ data: [] });

  const keyFor = async (...products: readonly string[]) => {
    const fields = { name: 'limited', scopes: ['licenses:read'], products };
    const created = await ledger.call('POST', '/v1/api-keys', { key: vendor.apiKey, body: fields });
    expect(created.status, created.text).toBe(201);
    return String(created.body.secret);
  };
  for (const code of ['local_cli', 'cloud_ide', 'other_app'])
    await ledger.call('POST', '/v1/products', { key: vendor.apiKey, body: { code, name: code } });
  expect((await read(all(), await keyFor('local_cli', 'cloud_ide'))).body).toEqual(named);
  expect((await read(all(), await keyFor('other_app'))).body).toEqual({ data: [] });

  // A former holder is no customer any longer.
  const ended = { toHolderOrganizationId: null, expiry: 'KEEP', activations: 'RELEASE' };
  const path = `/v1/licenses/${held.licenseId}/transfer`;
  expect((await ledger.call('POST', path, { key: vendor.apiKey, body: ended })).status).toBe(200);
  expect((await read(all())).body).toEqual({ data: [] });
});

test('A request names 1 to 100 ids', async () => {
  const [id = ''] = all();
  expect((await read(Array.from({ length: 100 }, () => id))).status).toBe(200);
  for (const ids of [[''], ['org_x'], [id, ''], Array.from({ length: 101 }, () => id)]) {
    const { status, body } = await read(ids);
    expect([status, Object.values(body.errors ?? {})[0]?.pointer]).toEqual([400, '?ids']);
  }
});
