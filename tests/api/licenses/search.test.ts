import { beforeAll, describe, expect, test } from 'vitest';
import type { Ledger, TestOrganization } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
let own: Issued;
let held: Issued;
type Issued = { readonly licenseId: string; readonly licenseKey: string };
const post = async (path: string, body: object, key?: string) => {
  const answer = await ledger.call('POST', `/v1/licenses/${path}`, { body, ...(key === undefined ? {} : { key }) });
  expect(answer.status, answer.text).toBeLessThan(300);
  await ledger.projected.waitFor(BigInt(answer.headers.get('ledger-position') ?? 0), 10_000);
  return answer.body;
};
/** Searches, and returns the license ids with what they were found by. */
const search = async (text: string, { apiKey }: TestOrganization = ledger.a, fields: object = {}) => {
  const { data } = await post('search', { text, ...fields }, apiKey);
  return Object.values(data ?? {}).map(({ license, matchedBy }) => [license?.id, ...Object.values(matchedBy ?? {})]);
};
const hintOf = ({ licenseKey }: Issued): string => licenseKey.slice(-5);

/** Organization A issues `own` without a holder and `held` to organization B. Both have a device and a user. */
beforeAll(async () => {
  ledger = await shareLedger();
  const limits = { activations: 5, users: 5 };
  own = await ledger.issue({ limits, externalRef: 'Order-77' });
  held = await ledger.issue({ limits, externalRef: 'Order-78', holderOrganizationId: ledger.b.organizationId });
  for (const [{ licenseId, licenseKey }, fingerprint, name, holder] of [
    [own, 'disk-1', 'Ada’s laptop', ledger.a],
    [held, 'disk-2', 'Grace’s laptop', ledger.b],
  ] as const) {
    await post('activate', { licenseKey, fingerprint, name });
    await post(`${licenseId}/users`, { user: `${fingerprint}@example.com` }, holder.apiKey);
  }
});

describe('A search finds a license', () => {
  test.each<readonly [string, () => string]>([
    ['LICENSE_KEY', () => ` ${own.licenseKey.toLowerCase()}.`],
    ['KEY_HINT', () => hintOf(own).toLowerCase()],
    ['KEY_HINT', () => `…${hintOf(own)}`],
    ['LICENSE_ID', () => own.licenseId],
    ['EXTERNAL_REF', () => 'order-77'],
    ['DEVICE', () => 'disk-1'],
    ['DEVICE_NAME', () => 'Ada’s laptop'],
    ['USER', () => 'DISK-1@example.com'],
  ])('by %s for its issuer', async (kind, text) => {
    expect(await search(text())).toEqual([[own.licenseId, kind]]);
    expect(await search(text(), ledger.b)).toEqual([]);
  });

  test.each<readonly [string, () => string]>([
    ['LICENSE_KEY', () => held.licenseKey],
    ['KEY_HINT', () => hintOf(held)],
    ['LICENSE_ID', () => held.licenseId],
    ['EXTERNAL_REF', () => 'Order-78'],
    ['DEVICE', () => 'disk-2'],
    ['DEVICE_NAME', () => 'Grace’s laptop'],
    ['USER', () => 'disk-2@example.com'],
  ])('by %s for its holder', async (kind, text) => {
    expect(await search(text(), ledger.b)).toEqual([[held.licenseId, kind]]);
    const stranger = await ledger.createVendor('Stranger');
    expect(await search(text(), stranger)).toEqual([]);
  });

  test('by the beginning of the name of its holder, but not by one or two letters', async () => {
    const holder = await ledger.createVendor('Findable Company');
    const { licenseId } = await ledger.issue({ holderOrganizationId: holder.organizationId });
    expect(await search('findable')).toEqual([[licenseId, 'HOLDER_NAME']]);
    expect(await search('fi')).toEqual([]);
  });

  test('by everything that the text may be, unless the request says what it is', async () => {
    const twin = await ledger.issue({ limits: { activations: 5 }, externalRef: 'twin' });
    await post('activate', { licenseKey: twin.licenseKey, fingerprint: 'twin', name: 'twin' });
    const kinds = ['EXTERNAL_REF', 'DEVICE', 'DEVICE_NAME'];
    expect(await search('twin')).toEqual([[twin.licenseId, ...kinds]]);
    expect(await search('twin', ledger.a, { by: ['DEVICE'] })).toEqual([[twin.licenseId, 'DEVICE']]);
    expect(await search('twin', ledger.a, { by: ['USER', 'KEY_HINT'] })).toEqual([]);
  });

  test('by an earlier key, and by the last group of the current key only', async () => {
    const rotated = await ledger.issue();
    const { licenseKey } = await post(`${rotated.licenseId}/rotate-key`, {}, ledger.a.apiKey);
    expect(await search(rotated.licenseKey)).toEqual([[rotated.licenseId, 'LICENSE_KEY']]);
    expect(await search(hintOf(rotated))).toEqual([]);
    expect(await search(String(licenseKey).slice(-5))).toEqual([[rotated.licenseId, 'KEY_HINT']]);
  });
});

test('The issuer finds a user whom the holder assigned by the reference, and not by the name', async () => {
  const { body } = await ledger.call('GET', `/v1/licenses/${held.licenseId}/users`, { key: ledger.a.apiKey });
  const [assigned] = Object.values(body.data ?? {});
  expect(await search(String(assigned?.user))).toEqual([[held.licenseId, 'USER']]);
  expect(await search('disk-2@example.com')).toEqual([]);
});

test('A search does not find a released device or an unassigned user', async () => {
  const { licenseId, licenseKey } = await ledger.issue({ limits: { activations: 5, users: 5 } });
  await post('activate', { licenseKey, fingerprint: 'gone', name: 'gone' });
  await post(`${licenseId}/users`, { user: 'gone' }, ledger.a.apiKey);
  expect(await search('gone')).toEqual([[licenseId, 'DEVICE', 'DEVICE_NAME', 'USER']]);
  await post('deactivate', { licenseKey, fingerprint: 'gone' });
  const unassigned = await ledger.call('DELETE', `/v1/licenses/${licenseId}/users`, {
    key: ledger.a.apiKey,
    body: { user: 'gone' },
  });
  await ledger.projected.waitFor(BigInt(unassigned.headers.get('ledger-position') ?? 0), 10_000);
  expect(await search('gone')).toEqual([]);
});

test('A search has the newest hits, and says when there are more', async () => {
  const licenses: string[] = [];
  for (let place = 0; place < 3; place += 1) {
    const { licenseId, licenseKey } = await ledger.issue({ limits: { activations: 5 } });
    licenses.unshift(licenseId);
    await post('activate', { licenseKey, fingerprint: 'shared' });
  }
  const { data, hasMore } = await post('search', { text: 'shared', limit: 2 }, ledger.a.apiKey);
  expect(Object.values(data ?? {}).map(({ license }) => license?.id)).toEqual(licenses.slice(0, 2));
  expect(hasMore).toBe(true);
});

test('A search by the name of a device is not filled by one license with many devices of this name', async () => {
  const many = await ledger.issue({ limits: { activations: 5 } });
  for (const fingerprint of ['m1', 'm2', 'm3'])
    await post('activate', { licenseKey: many.licenseKey, fingerprint, name: 'MacBook' });
  const one = await ledger.issue({ limits: { activations: 5 } });
  await post('activate', { licenseKey: one.licenseKey, fingerprint: 'only', name: 'MacBook' });
  const { data, hasMore } = await post('search', { text: 'MacBook', by: ['DEVICE_NAME'], limit: 1 }, ledger.a.apiKey);
  expect([Object.values(data ?? {}).length, hasMore]).toEqual([1, true]);
});

test.each([
  {},
  { text: '' },
  { text: ' \t' },
  { text: 'x', by: [] },
  { text: 'x', by: ['NAME'] },
  { text: 'x', by: ['USER', 'USER'] },
  { text: 'x', limit: 101 },
])('The search %j is refused', async (body) => {
  const answer = await ledger.call('POST', '/v1/licenses/search', { key: ledger.a.apiKey, body });
  expect([answer.status, answer.body.code]).toEqual([400, 'INVALID_REQUEST']);
});

test('The list filters by the last group of the current key', async () => {
  const list = (hint: string, { apiKey }: TestOrganization) =>
    ledger.call('GET', `/v1/licenses?keyHint=${encodeURIComponent(hint)}`, { key: apiKey });
  const idsOf = async (hint: string, as: TestOrganization) =>
    Object.values((await list(hint, as)).body.data ?? {}).map(({ id }) => id);
  expect(await idsOf(hintOf(held).toLowerCase(), ledger.a)).toEqual([held.licenseId]);
  expect(await idsOf(hintOf(held), ledger.b)).toEqual([held.licenseId]);
  expect(await idsOf(hintOf(own), ledger.b)).toEqual([]);
  // As a license shows it.
  for (const shown of [`…${hintOf(held)}`, ` ...${hintOf(held)} `])
    expect(await idsOf(shown, ledger.b)).toEqual([held.licenseId]);
  expect((await list('SYQ', ledger.a)).status).toBe(400);
});
