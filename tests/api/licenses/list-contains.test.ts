import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger, TestOrganization } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
let vendor: TestOrganization;
let holder: TestOrganization;
beforeAll(async () => {
  ledger = await shareLedger();
  vendor = await ledger.createVendor('Containing Inc.');
  holder = await ledger.createVendor('Müller & Söhne 100% AG');
});
afterAll(() => ledger.stop());

const issue = async (fields: object, by = vendor) => (await ledger.issue(fields, by)).licenseId;
const list = async (contains: string, key = vendor.apiKey, others = '') => {
  const path = `/v1/licenses?contains=${encodeURIComponent(contains)}${others}`;
  const { status, body } = await ledger.call('GET', path, { key });
  return status === 200
    ? Object.values(body.data ?? {}).map(({ id }) => String(id))
    : [status, body.errors?.[0]?.pointer];
};

test('The issuer and the holder find licenses by a part of a reference or of the name of the holder', async () => {
  const first = await issue({ externalRef: 'Order-2027_017 %a' });
  const second = await issue({ externalRef: 'X-order-2027x018', holderOrganizationId: holder.organizationId });
  const third = await issue({ externalRef: null, holderOrganizationId: holder.organizationId });
  expect(await list('ORDER-2027')).toEqual([second, first]);
  expect(await list('ORDER-2027', vendor.apiKey, '&limit=1&sort=createdAt')).toEqual([first]);
  expect(await list('2027x0', vendor.apiKey, '&tier=PRO&status=ACTIVE')).toEqual([second]);
  expect(await list('ÜLLER & SÖ')).toEqual([third, second]);
  expect(await list('order', holder.apiKey)).toEqual([second]);
  expect(await list('söhne', holder.apiKey)).toEqual([third, second]);

  // % and _ stand for themselves, and so does a backslash.
  expect(await list('2027_0')).toEqual([first]);
  expect(await list('17 %a')).toEqual([first]);
  expect(await list('100% ag')).toEqual([third, second]);
  for (const none of ['o%r', '20_7', '___', '%%%', '2027\\_0', "order'"]) expect(await list(none)).toEqual([]);

  const path = '/v1/licenses?contains=order-2027&limit=1';
  const { body } = await ledger.call('GET', path, { key: vendor.apiKey });
  expect(await list('order-2027', vendor.apiKey, `&limit=1&cursor=${body.nextCursor}`)).toEqual([first]);
});

test('Nobody finds licenses or names of other organizations', async () => {
  await issue({ externalRef: 'hidden reference', holderOrganizationId: holder.organizationId });
  for (const part of ['hidden', 'Müller', 'Containing']) expect(await list(part, ledger.b.apiKey)).toEqual([]);
  // The holder is also an issuer. Its other licenses do not show who issues those that it holds.
  const own = await issue({ externalRef: 'own of the holder' }, holder);
  expect(await list('Containing', holder.apiKey)).toEqual([]);
  expect(await list('own of', vendor.apiKey)).toEqual([]);
  expect(await list('own of', holder.apiKey)).toEqual([own]);
});

test('A part of fewer than three characters is refused', async () => {
  for (const part of ['ab', '', 'x'.repeat(201)]) expect(await list(part)).toEqual([400, '?contains']);
});
