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

test('An invalid filter is refused', async () => {
  for (const query of ['holder=x', 'expiresBefore=tomorrow', 'q=', `q=${'x'.repeat(201)}`])
    expect(await list(query)).toEqual([400, 'INVALID_REQUEST']);
});
