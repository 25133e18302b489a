import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFeed } from '../../support/feed.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { condition } from '../../support/product.ts';

let ledger: Ledger;
let cursor: string;
beforeAll(async () => {
  ledger = await startLedger();
  await ledger.issue();
  ({ cursor } = await readFeed(ledger, ledger.a.apiKey));
});
afterAll(() => ledger.stop());

const wait = (query: string, signal?: AbortSignal, key = ledger.a.apiKey) =>
  fetch(`${ledger.baseUrl}/v1/events?wait=30&${query}`, {
    headers: { authorization: `Bearer ${key}` },
    ...(signal === undefined ? {} : { signal }),
  });
/** So many requests wait for the next event. */
const waiters = (count: number) => condition(`${count} requests wait`, () => ledger.hearing() === count, 10_000);

test('A request with events to read is answered at once', async () => {
  const answer = await wait('limit=1');
  expect(await answer.json()).toMatchObject({ data: [{ type: 'ledger.license.issued.v1' }], hasMore: true });
});

test('A waiting request gets the next event', async () => {
  const waiting = wait(`cursor=${cursor}`);
  await waiters(1);
  const { licenseId } = await ledger.issue();
  const body = (await (await waiting).json()) as { data: { subject: string }[]; nextCursor: string };
  expect(body.data.map(({ subject }) => subject)).toContain(licenseId);
  cursor = (await readFeed(ledger, ledger.a.apiKey)).cursor;
});

test('A waiting request gets no event after its credential was revoked', async () => {
  const { apiKey, apiKeyId } = await ledger.createKey(ledger.a.organizationId, ['events:read']);
  const waiting = wait(`cursor=${cursor}`, undefined, apiKey);
  await waiters(1);
  await ledger.database.superuser.query('update identity.api_keys set revoked_at = now() where api_key_id = $1', [
    apiKeyId,
  ]);
  await ledger.issue();
  const answer = await waiting;
  expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'UNAUTHENTICATED' }]);
  cursor = (await readFeed(ledger, ledger.a.apiKey)).cursor;
});

test('Events of other organizations and other types do not answer a waiting request', async () => {
  const { body: before } = await ledger.call('GET', '/v1/events?types=LicenseRevoked', { key: ledger.a.apiKey });
  const waiting = wait(`cursor=${before.nextCursor}&types=LicenseRevoked`);
  await waiters(1);
  const { licenseId } = await ledger.issue();
  for (let other = 0; other < 20; other++) await ledger.issue({}, ledger.b);
  const body = { reason: { code: 'OVER' } };
  await ledger.call('POST', `/v1/licenses/${licenseId}/revoke`, { key: ledger.a.apiKey, body });
  const page = (await (await waiting).json()) as { data: { sequence: string }[] };
  expect(page).toMatchObject({
    data: [{ type: 'ledger.license.revoked.v1', subject: licenseId }],
    skippedFrom: String(Number(before.skippedThrough) + 1).padStart(16, '0'),
    skippedThrough: page.data[0]?.sequence,
  });
  cursor = (await readFeed(ledger, ledger.a.apiKey)).cursor;
});

test('A waiting request gets an empty page after its time', async () => {
  const { body } = await ledger.call('GET', `/v1/events?wait=1&cursor=${cursor}`, { key: ledger.a.apiKey });
  expect(body).toMatchObject({ data: [], hasMore: false, nextCursor: expect.any(String) });
});

test('The server stops waiting for a client that has left', async () => {
  const leaving = new AbortController();
  const left = wait(`cursor=${cursor}`, leaving.signal).catch(() => 'left');
  const other = wait(`cursor=${cursor}`);
  await waiters(2);
  leaving.abort();
  expect(await left).toBe('left');
  await waiters(1);
  await ledger.issue();
  expect(((await (await other).json()) as { data: unknown[] }).data.length).toBeGreaterThan(0);
});

test('A stopping server answers waiting requests with an empty page', async () => {
  const { cursor: end } = await readFeed(ledger, ledger.a.apiKey);
  const waiting = wait(`cursor=${end}`);
  await waiters(1);
  ledger.beginStop();
  expect(await (await waiting).json()).toMatchObject({ data: [], hasMore: false });
});
