import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger, TestOrganization } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
let vendor: TestOrganization;
beforeAll(async () => {
  ledger = await shareLedger();
  vendor = await ledger.createVendor('Finding Inc.');
});
afterAll(() => ledger.stop());

const issue = async (fields: object) => (await ledger.issue(fields, vendor)).licenseId;
const list = async (query: string, key = vendor.apiKey) => {
  const { status, body } = await ledger.call('GET', `/v1/licenses?${query}`, { key });
  return status === 200 ? Object.values(body.data ?? {}).map(({ id }) => String(id)) : [status, body.code];
};

test('Licenses are found by holder, end of term, external reference and name of the holder', async () => {
  const { organizationId, apiKey } = await ledger.createVendor('Älgör Café');
  const held = await issue({ holderOrganizationId: organizationId, externalRef: 'Order 7' });
  const short = await issue({ term: { expiresAt: '2090-01-01T00:00:00Z' }, externalRef: 'order 8' });
  const long = await issue({ term: { perpetual: true } });

  expect(await list(`holder=${organizationId}`)).toEqual([held]);
  expect(await list('expiresAfter=2090-01-01T00:00:00Z')).toEqual([short]);
  expect(await list('expiresBefore=2090-01-01T00:00:00Z')).toEqual([held]);
  expect(await list('q=ORDER')).toEqual([short, held]);
  expect(await list('q=ORDER&limit=1')).toEqual([short]);
  expect(await list('q=order%208&tier=PRO')).toEqual([short]);
  expect(await list(`q=${encodeURIComponent('äLGÖR c')}`)).toEqual([held]);
  expect(await list(`q=${encodeURIComponent('älgör x')}`)).toEqual([]);
  expect(await list('')).toEqual([long, short, held]);

  // The holder finds what it holds by its own name; a stranger finds neither the license nor the name.
  expect(await list(`q=${encodeURIComponent('älgör')}`, apiKey)).toEqual([held]);
  expect(await list(`q=${encodeURIComponent('älgör')}`, ledger.b.apiKey)).toEqual([]);
  expect(await list(`holder=${organizationId}`, ledger.b.apiKey)).toEqual([]);
});

test('A search returns each license once over all pages', async () => {
  const ids: string[] = [];
  const { organizationId } = await ledger.createVendor('Paging Customer');
  for (let count = 0; count < 5; count += 1)
    ids.push(
      await issue({
        externalRef: `paging ${count}`,
        ...(count % 2 === 0 ? { holderOrganizationId: organizationId } : {}),
      }),
    );
  const seen: string[] = [];
  let path = '/v1/licenses?q=paging&limit=2';
  for (let page = 0; page < 4 && path !== ''; page += 1) {
    const { body, headers } = await ledger.call('GET', path, { key: vendor.apiKey });
    seen.push(...Object.values(body.data ?? {}).map(({ id }) => String(id)));
    path = /<([^>]+)>/.exec(headers.get('link') ?? '')?.[1] ?? '';
  }
  expect(seen).toEqual(ids.toReversed());
});

test('A list continues after a page, even when the last license has left the list', async () => {
  const holder = await ledger.createVendor('Leaving Customer');
  const ids: string[] = [];
  for (let count = 0; count < 4; count += 1) ids.push(await issue({ holderOrganizationId: holder.organizationId }));
  const first = await ledger.call('GET', '/v1/licenses?limit=2', { key: holder.apiKey });
  const body = { toHolderOrganizationId: null };
  expect((await ledger.call('POST', `/v1/licenses/${ids[2]}/transfer`, { key: vendor.apiKey, body })).status).toBe(200);
  expect(await list(`limit=2&cursor=${first.body.nextCursor}`, holder.apiKey)).toEqual([ids[1], ids[0]]);
});

test('A list has the order that sort names, and its cursor refuses another order', async () => {
  const seller = await ledger.createVendor('Sorting Inc.');
  const own = async (fields: object) => (await ledger.issue(fields, seller)).licenseId;
  const later = await own({ term: { expiresAt: '2091-01-01T00:00:00Z' } });
  const forEver = await own({ term: { perpetual: true } });
  const sooner = await own({ term: { expiresAt: '2090-01-01T00:00:00Z' } });

  expect(await list('', seller.apiKey)).toEqual([sooner, forEver, later]);
  expect(await list('sort=createdAt', seller.apiKey)).toEqual([later, forEver, sooner]);
  expect(await list('sort=expiresAt', seller.apiKey)).toEqual([sooner, later, forEver]);
  expect(await list('sort=-expiresAt', seller.apiKey)).toEqual([forEver, later, sooner]);
  expect(await list('expiresBefore=2092-01-01T00:00:00Z', seller.apiKey)).toEqual([sooner, later]);
  expect(await list('expiresBefore=2092-01-01T00:00:00Z&sort=-expiresAt', seller.apiKey)).toEqual([later, sooner]);

  const call = (query: string, key = seller.apiKey) => ledger.call('GET', `/v1/licenses?${query}`, { key });
  const first = await call('sort=-expiresAt&limit=1');
  const next = /<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
  expect(next).toContain('sort=-expiresAt');
  expect(await list(next.slice(next.indexOf('?') + 1), seller.apiKey)).toEqual([later]);
  const cursor = first.body.nextCursor;
  expect(await call(`sort=expiresAt&cursor=${cursor}`)).toMatchObject({
    status: 400,
    body: { code: 'INVALID_REQUEST', errors: [{ pointer: '?cursor' }], detail: expect.stringContaining('-expiresAt') },
  });
  expect((await call(`sort=-expiresAt&cursor=${cursor}`, vendor.apiKey)).status).toBe(400);
  expect(await call('sort=createdAt&expiresAfter=2090-01-01T00:00:00Z')).toMatchObject({
    status: 400,
    body: {
      code: 'INVALID_REQUEST',
      errors: [{ pointer: '?sort' }],
      detail: expect.stringContaining('sort=expiresAt'),
    },
  });
});

test('An invalid filter is refused', async () => {
  for (const query of ['holder=x', 'policy=PRO', 'sort=tier', 'expiresBefore=tomorrow', 'q=', `q=${'x'.repeat(201)}`])
    expect(await list(query)).toEqual([400, 'INVALID_REQUEST']);
});
