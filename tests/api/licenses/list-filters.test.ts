import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../../packages/client/src/client.ts';
import type { Ledger, TestOrganization } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
let vendor: TestOrganization;
let holder: TestOrganization;
beforeAll(async () => {
  ledger = await shareLedger();
  vendor = await ledger.createVendor('Filtering Inc.');
  holder = await ledger.createVendor('Filtered Customer');
});
afterAll(() => ledger.stop());

const issue = async (fields: object) => (await ledger.issue(fields, vendor)).licenseId;
const list = async (query: string, key = vendor.apiKey) => {
  const { status, body } = await ledger.call('GET', `/v1/licenses?${query}`, { key });
  return status === 200 ? Object.values(body.data ?? {}).map(({ id }) => String(id)) : [status, body.code];
};

test('The issuer and the holder find licenses by their policy, after a change of the policy too', async () => {
  const policyOf = async (licenseId: string) =>
    (await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: vendor.apiKey })).body.policy?.id;
  const free = await issue({ tier: 'FREE', holderOrganizationId: holder.organizationId });
  const pro = await issue({ tier: 'PRO' });
  expect(await list(`policy=${await policyOf(free)}`)).toEqual([free]);
  expect(await list(`policy=${await policyOf(free)}&status=ACTIVE&tier=FREE&product=local_cli`)).toEqual([free]);
  expect(await list(`policy=${await policyOf(free)}&tier=PRO`)).toEqual([]);
  expect(await list(`policy=${await policyOf(free)}`, holder.apiKey)).toEqual([free]);
  expect(await list(`policy=${await policyOf(pro)}`, holder.apiKey)).toEqual([]);

  const body = { tier: 'FREE' };
  const changed = await ledger.call('POST', `/v1/licenses/${pro}/tier`, { key: vendor.apiKey, body });
  expect(changed.status).toBe(200);
  expect(await list(`policy=${await policyOf(free)}`)).toEqual([pro, free]);
});

test('The issuer and the holder find licenses by their metadata, as it is after a change', async () => {
  const blue = await issue({ metadata: { team: 'blue', seats: 5, vip: true } });
  const held = await issue({ metadata: { team: 'blue', 'a]&=b': 'é' }, holderOrganizationId: holder.organizationId });
  const red = await issue({ metadata: { team: 'red', seats: '5', tags: ['blue'] } });
  expect(await list('metadata[team]=blue')).toEqual([held, blue]);
  expect(await list('metadata[team]=blue&limit=1&sort=createdAt')).toEqual([blue]);
  expect(await list('metadata%5Bteam%5D=red&metadata[seats]=5&tier=PRO')).toEqual([red]);
  expect(await list('metadata[seats]=5')).toEqual([red, blue]);
  expect(await list('metadata[vip]=true')).toEqual([blue]);
  expect(await list(`metadata[${encodeURIComponent('a]&=b')}]=${encodeURIComponent('é')}`)).toEqual([held]);
  for (const none of ['metadata[team]=Blue', 'metadata[tags]=blue', 'metadata[team]=blue&metadata[seats]=6'])
    expect(await list(none)).toEqual([]);

  expect(await list('metadata[team]=blue', holder.apiKey)).toEqual([held]);
  expect(await list('metadata[team]=blue', ledger.b.apiKey)).toEqual([]);

  const body = { metadata: { team: 'green' } };
  await ledger.call('PATCH', `/v1/licenses/${blue}`, { key: vendor.apiKey, body });
  expect(await list('metadata[team]=blue')).toEqual([held]);
  expect(await list('metadata[team]=green')).toEqual([blue]);
  const transfer = { toHolderOrganizationId: null };
  await ledger.call('POST', `/v1/licenses/${held}/transfer`, { key: vendor.apiKey, body: transfer });
  expect(await list('metadata[team]=blue', holder.apiKey)).toEqual([]);
  expect(await list('metadata[team]=blue')).toEqual([held]);
});

test('A list by a number in the metadata finds it in each form of the number, and texts in their own form only', async () => {
  const thousand = await issue({ metadata: { size: 1000 } });
  const text = await issue({ metadata: { size: '1e3' }, holderOrganizationId: holder.organizationId });
  const textOfThousand = await issue({ metadata: { size: '1000' } });
  expect(await list('metadata[size]=1e3')).toEqual([text, thousand]);
  expect(await list('metadata[size]=1.0E%2B3')).toEqual([thousand]);
  expect(await list('metadata[size]=1e3&limit=1')).toEqual([text]);
  expect(await list('metadata[size]=1e3&tier=PRO', holder.apiKey)).toEqual([text]);
  expect(await list('metadata[size]=1e3', ledger.b.apiKey)).toEqual([]);
  expect(await list('metadata[size]=1000')).toEqual([textOfThousand, thousand]);

  // JSON in the forms that a client may send.
  const raw = async (number: string) => {
    const { status } = await fetch(`${ledger.baseUrl}/v1/licenses/${thousand}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${vendor.apiKey}`, 'content-type': 'application/json' },
      body: `{"metadata":{"size":${number}}}`,
    });
    expect(status).toBe(200);
  };
  for (const [stored, ...filters] of [
    ['1.2e3', '1200', '1.2e3', '12e2'],
    ['-0', '0', '-0', '-0e5'],
    ['12345678901234567890', '12345678901234567890', '12345678901234567168', '1.2345678901234567e19'],
    ['1e21', '1e21', '1000000000000000000000'],
    ['1e-7', '1e-7', '0.0000001'],
  ] as const) {
    await raw(stored);
    for (const filter of filters)
      expect([filter, await list(`metadata[size]=${filter}`)]).toEqual([filter, [thousand]]);
  }
  await raw('1.1');
  for (const none of ['1.2', '1e999', '01.1', '1.1.0']) expect(await list(`metadata[size]=${none}`)).toEqual([]);
});

test('A list by metadata has pages, for the link and for the client', async () => {
  const ids = [];
  for (let count = 0; count < 3; count += 1) ids.push(await issue({ metadata: { 'paged by': 'a b', x: `${count}` } }));
  const query = 'metadata[paged by]=a b&limit=2';
  const first = await ledger.call('GET', `/v1/licenses?${encodeURI(query)}`, { key: vendor.apiKey });
  const next = /<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
  expect(await list(next.slice(next.indexOf('?') + 1))).toEqual(ids.slice(0, 1));
  expect(await list(`metadata[paged by]=b&limit=2&cursor=${first.body.nextCursor}`)).toEqual([400, 'INVALID_REQUEST']);

  const client = createClient({ baseUrl: ledger.baseUrl, credentials: { kind: 'apiKey', apiKey: vendor.apiKey } });
  const listed = [];
  for await (const { id } of client.each('listLicenses', { query: { metadata: { 'paged by': 'a b' }, limit: 2 } }))
    listed.push(id);
  expect(listed).toEqual(ids.toReversed());
});

test('An invalid filter by metadata is refused with the name of its parameter', async () => {
  const refusalOf = async (query: string) => {
    const { status, body } = await ledger.call('GET', `/v1/licenses?${query}`, { key: vendor.apiKey });
    return [status, body.errors?.[0]?.pointer];
  };
  const names = Array.from({ length: 6 }, (_, index) => `metadata[n${index}]=1`).join('&');
  expect(await refusalOf(names)).toEqual([400, '?metadata']);
  expect(await refusalOf('metadata[team]=')).toEqual([400, '?metadata[team]']);
  expect(await refusalOf('metadata[team]=blue&metadata[team]=red')).toEqual([400, '?metadata[team]']);
  expect(await refusalOf('metadata=blue')).toEqual([400, '?metadata']);
  expect(await refusalOf('metadata=blue&metadata[team]=blue')).toEqual([400, '?metadata']);
  expect(await refusalOf('metadata[team][sub]=blue')).toEqual([400, '?metadata[team][sub]']);
  expect(await refusalOf('metadata[__proto__]=blue')).toEqual([400, '?metadata[__proto__]']);
  expect(await refusalOf('tier[x]=PRO')).toEqual([400, '?tier']);
});

test('An organization finds the licenses of a user whom it assigned, and no other organization does', async () => {
  const assign = (licenseId: string, user: string, key: string) =>
    ledger.call('POST', `/v1/licenses/${licenseId}/users`, { key, body: { user } });
  const own = await issue({ limits: { users: 5 } });
  const held = await issue({ limits: { users: 5 }, holderOrganizationId: holder.organizationId });
  const { body } = await assign(own, 'Ada Example', vendor.apiKey);
  const { body: ofHolder } = await assign(held, 'Ada Example', holder.apiKey);
  expect((await assign(own, 'Bob Example', vendor.apiKey)).status).toBeLessThan(300);

  const user = String(body.user);
  expect(await list(`user=${user}`)).toEqual([own]);
  expect(await list(`user=${user}&status=ACTIVE&tier=PRO`)).toEqual([own]);
  expect(await list(`user=${ofHolder.user}`, holder.apiKey)).toEqual([held]);
  for (const key of [holder.apiKey, ledger.b.apiKey]) expect(await list(`user=${user}`, key)).toEqual([]);
  // A name would be in the logs of proxies.
  const named = await ledger.call('GET', '/v1/licenses?user=Ada%20Example', { key: vendor.apiKey });
  expect([named.status, named.body.errors?.[0]?.pointer]).toEqual([400, '?user']);

  const path = `/v1/licenses/${own}/users/${body.user}`;
  expect((await ledger.call('DELETE', path, { key: vendor.apiKey })).status).toBeLessThan(300);
  expect(await list(`user=${user}`)).toEqual([]);
});

test('Licenses are found that have no device, or as many as their limit', async () => {
  const limits = { activations: 1 };
  const seller = await ledger.createVendor('Level Inc.');
  const own = (fields: object) => ledger.issue({ limits, ...fields }, seller);
  const [none, full, half] = [
    await own({ holderOrganizationId: holder.organizationId }),
    await own({ holderOrganizationId: holder.organizationId }),
    await own({ limits: { activations: 2, seats: 3 } }),
  ];
  await own({ limits: { activations: 0 } });
  const activate = ({ licenseKey }: { readonly licenseKey: string }) =>
    ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: 'one', product: 'local_cli' } });
  for (const license of [full, half]) expect((await activate(license)).status).toBe(201);

  expect(await list('activations=0', seller.apiKey)).toEqual([none.licenseId]);
  expect(await list('activations=AT_LIMIT&tier=PRO', seller.apiKey)).toEqual([full.licenseId]);
  expect(await list('activations=0&status=EXPIRED', seller.apiKey)).toEqual([]);
  expect(await list('seats=0', seller.apiKey)).toEqual([half.licenseId]);
  expect(await list(`activations=0&issuer=${seller.organizationId}`, holder.apiKey)).toEqual([none.licenseId]);
  expect(await list('activations=1', seller.apiKey)).toEqual([400, 'INVALID_REQUEST']);
});

test('Licenses near the end of their term are EXPIRING, the earliest end first', async () => {
  const seller = await ledger.createVendor('Expiring Inc.');
  const startsAt = '2025-01-01T00:00:00Z';
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
  const own = async (term: object, fields: object = {}) =>
    (await ledger.issue({ term: { startsAt, ...term }, ...fields }, seller)).licenseId;
  const later = await own({ expiresAt: inDays(20) });
  const sooner = await own({ expiresAt: inDays(10) }, { holderOrganizationId: holder.organizationId });
  await own({ expiresAt: inDays(60) });
  await own({ perpetual: true });

  expect(await list('status=EXPIRING', seller.apiKey)).toEqual([sooner, later]);
  expect(await list('status=EXPIRING&tier=PRO&sort=-expiresAt', seller.apiKey)).toEqual([later, sooner]);
  expect(await list(`status=EXPIRING&expiresAfter=${inDays(15)}`, seller.apiKey)).toEqual([later]);
  expect(await list(`status=EXPIRING&issuer=${seller.organizationId}`, holder.apiKey)).toEqual([sooner]);
  expect(await list('status=EXPIRING&sort=-createdAt', seller.apiKey)).toEqual([400, 'INVALID_REQUEST']);
  const { body } = await ledger.call('GET', '/v1/licenses?status=EXPIRING&limit=1', { key: seller.apiKey });
  expect(await list(`status=EXPIRING&cursor=${body.nextCursor}`, seller.apiKey)).toEqual([later]);
});

test('Licenses are found by the reason of their suspension, and only with a status that has one', async () => {
  const key = vendor.apiKey;
  const suspended = async (code: string) => {
    const licenseId = await issue({ tier: 'PRO' });
    await ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, { key, body: { reason: { code } } });
    return licenseId;
  };
  const unpaid = await suspended('PAYMENT');
  const legal = await suspended('LEGAL');
  expect(await list('suspendedFor=PAYMENT')).toEqual([unpaid]);
  expect(await list('suspendedFor=LEGAL&status=SUSPENDED')).toEqual([legal]);
  expect(await list('suspendedFor=PAYMENT&status=ACTIVE')).toEqual([400, 'INVALID_REQUEST']);
  await ledger.call('POST', `/v1/licenses/${unpaid}/reinstate`, { key, body: {} });
  expect(await list('suspendedFor=PAYMENT')).toEqual([]);
});
