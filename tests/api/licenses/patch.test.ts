import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { commanding, refusal } from './commanding.ts';

let ledger: Ledger;
let api: ReturnType<typeof commanding>;
beforeAll(async () => {
  ledger = await shareLedger();
  api = commanding(ledger);
});
afterAll(() => ledger.stop());

const patch = (licenseId: string, body: object, headers: Record<string, string> = {}) =>
  ledger.call('PATCH', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey, body, headers });
const tagOf = async (licenseId: string) => (await api.send('GET', licenseId, '')).headers.get('etag') ?? '';

describe('Metadata', () => {
  test('replaces the earlier metadata without an event, once', async () => {
    const { licenseId } = await ledger.issue({ metadata: { team: 'blue', size: 3 } });
    const metadata = { note: ['x', { deep: 1.5 }], beta: true };
    const changed = await patch(licenseId, { metadata });
    expect([changed.status, changed.body.changed, changed.body.license?.revision]).toEqual([200, true, 1]);
    expect((await api.read(licenseId)).metadata).toEqual(metadata);
    expect(changed.headers.get('etag')).toBe(await tagOf(licenseId));
    const { beta, note } = metadata;
    expect((await patch(licenseId, { metadata: { beta, note } })).body.changed).toBe(false);
    expect((await patch(licenseId, { metadata: {} })).body.changed).toBe(true);
    expect((await api.read(licenseId)).metadata).toEqual({});
  });

  test('is visible to the holder', async () => {
    const { licenseId } = await ledger.issue({ holderOrganizationId: ledger.b.organizationId });
    await patch(licenseId, { metadata: { note: 'for both' } });
    const seen = await api.send('GET', licenseId, '', undefined, ledger.b.apiKey);
    expect(seen.body.metadata).toEqual({ note: 'for both' });
  });

  test('of a revoked license can be changed alone, and not together with the reference', async () => {
    const { licenseId } = await ledger.issue();
    await api.post(licenseId, 'revoke', { reason: { code: 'FRAUD' } });
    expect((await patch(licenseId, { metadata: { case: 12 } })).body.changed).toBe(true);
    const both = await patch(licenseId, { metadata: { case: 13 }, externalRef: 'sub_9' });
    expect(refusal(both)).toEqual([409, 'LICENSE_REVOKED']);
    expect((await api.read(licenseId)).metadata).toEqual({ case: 12 });
  });

  test('is not overwritten by a second change at the same ETag', async () => {
    const { licenseId } = await ledger.issue({ metadata: { n: 0 } });
    const tag = await tagOf(licenseId);
    const answers = await Promise.all(
      [1, 2, 3, 4].map((n) => patch(licenseId, { metadata: { n } }, { 'if-match': tag })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
    const winner = answers.find(({ status }) => status === 200);
    const { metadata } = await api.read(licenseId);
    expect(winner?.body.license?.metadata).toEqual(metadata);
    expect(refusal(await patch(licenseId, { metadata: { n: 9 } }, { 'if-match': tag }))).toEqual([
      412,
      'REVISION_MISMATCH',
    ]);
    const now = winner?.headers.get('etag') ?? '';
    expect((await patch(licenseId, { metadata: { n: 9 } }, { 'if-match': now })).status).toBe(200);
  });
});

describe('The external reference', () => {
  test('changes with an event, and lists find the license by it', async () => {
    const { licenseId } = await ledger.issue({ externalRef: 'sub_old' });
    const { body } = await patch(licenseId, { externalRef: 'sub_new' });
    expect([body.changed, body.license?.externalRef, body.license?.revision]).toEqual([true, 'sub_new', 2]);
    expect((await patch(licenseId, { externalRef: 'sub_new' })).body.changed).toBe(false);
    const found = await ledger.call('GET', '/v1/licenses?externalRef=sub_new', { key: ledger.a.apiKey });
    expect(found.body.data).toMatchObject([{ id: licenseId }]);
    expect(await api.historyOf(licenseId)).toEqual(['LicenseReferenceChanged']);
    expect((await patch(licenseId, { externalRef: null })).body.license?.externalRef).toBeNull();
  });

  test('and metadata can be changed at the same time without a loss', async () => {
    const { licenseId } = await ledger.issue({ externalRef: 'sub_1', metadata: { a: 1 } });
    const [one, other] = await Promise.all([
      patch(licenseId, { externalRef: 'sub_2' }),
      patch(licenseId, { metadata: { b: 2 } }),
    ]);
    expect([one.status, other.status]).toEqual([200, 200]);
    expect(await api.read(licenseId)).toMatchObject({ externalRef: 'sub_2', metadata: { b: 2 } });
  });

  test('is changed by one of two requests at the same ETag', async () => {
    const { licenseId } = await ledger.issue();
    const headers = { 'if-match': await tagOf(licenseId) };
    const answers = await Promise.all(['x', 'y'].map((externalRef) => patch(licenseId, { externalRef }, headers)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });
});

test('A repeated change changes nothing, and an empty change is refused', async () => {
  const { licenseId } = await ledger.issue();
  const body = { externalRef: 'sub_3', metadata: { c: 3 } };
  const headers = { 'idempotency-key': 'patch-once' };
  const [first, again] = [await patch(licenseId, body, headers), await patch(licenseId, body, headers)];
  expect([first.status, again.text]).toEqual([200, first.text]);
  expect(refusal(await patch(licenseId, {}))).toEqual([400, 'INVALID_REQUEST']);
  expect(refusal(await patch(licenseId, { metadata: null }))).toEqual([400, 'INVALID_REQUEST']);
  expect(refusal(await patch(licenseId, { tier: 'FREE' }))).toEqual([400, 'INVALID_REQUEST']);
});
