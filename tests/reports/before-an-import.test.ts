import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

// People complained that a license which they had moved here did not exist for any day before the move, and that an
// ended feature looked like one that works.

let ledger: Ledger;
let licenseId: string;
let importedAt: string;
beforeAll(async () => {
  ledger = await shareLedger();
  const { body } = await ledger.call('POST', '/v1/licenses/import', {
    key: ledger.a.apiKey,
    body: {
      ...{ source: 'old_shop', sourceRef: randomUUID(), historyFrom: '2024-03-01T00:00:00Z', tier: 'PRO' },
      ...{ products: ['local_cli'], limits: { activations: 9 }, metadata: { plan: 'legacy' } },
      term: { startsAt: '2024-04-01T00:00:00Z', expiresAt: '2025-03-01T00:00:00Z' },
      entitlements: [
        { code: 'export', until: '2024-09-01T00:00:00Z' },
        { code: 'sso', until: null },
      ],
    },
  });
  licenseId = String(body.license?.id);
  importedAt = String(body.license?.createdAt);
});
afterAll(() => ledger.stop());

const read = (asOf: string | null, key = ledger.a.apiKey, headers: Record<string, string> = {}) =>
  ledger.call('GET', `/v1/licenses/${licenseId}${asOf === null ? '' : `?asOf=${asOf}`}`, { key, headers });
const justBefore = () => new Date(Date.parse(importedAt) - 1).toISOString();

describe('An imported license, as of an instant before its import,', () => {
  test.each([
    ['2024-03-01T00:00:00.000Z', { effectiveStatus: 'NOT_YET_VALID' }, false],
    ['2024-04-01T00:00:00.000Z', { effectiveStatus: 'ACTIVE', limits: { activations: 9 } }, false],
    ['2024-08-31T23:59:59.999Z', { effectiveStatus: 'ACTIVE', tier: 'PRO' }, false],
    ['2024-09-01T00:00:00.000Z', { effectiveStatus: 'ACTIVE', usage: { activations: 0 } }, true],
    ['2025-02-28T23:59:59.999Z', { status: 'ACTIVE', keyHint: null }, true],
    ['2025-03-01T00:00:00.000Z', { status: 'EXPIRED', revision: 0 }, true],
  ])('at %s is what the import says of then, and marked as not recorded', async (asOf, expected, isExportEnded) => {
    const { status, body } = await read(asOf);
    expect([status, body]).toMatchObject([200, { id: licenseId, recorded: false, metadata: {}, ...expected }]);
    expect(body.entitlements).toMatchObject([
      { code: 'export', ended: isExportEnded },
      { code: 'sso', ended: false },
    ]);
  });

  test('is stated until the import, and recorded from then on', async () => {
    expect((await read(justBefore())).body).toMatchObject({ recorded: false, status: 'EXPIRED' });
    expect((await read(importedAt)).body).toMatchObject({ recorded: true, status: 'EXPIRED' });
    expect((await read(null)).body).toMatchObject({ recorded: true, status: 'EXPIRED' });
  });

  test('does not exist before the history that the import states, nor for other organizations', async () => {
    const unknown = await read('2024-02-29T23:59:59.999Z');
    expect([unknown.status, unknown.body.code]).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect((await read('2024-05-01T00:00:00Z', ledger.b.apiKey)).body.code).toBe('LICENSE_NOT_FOUND');
  });

  test('has another ETag than the license that was recorded', async () => {
    const [stated, recorded] = [await read(justBefore()), await read(importedAt)];
    expect(stated.headers.get('etag')).not.toBe(recorded.headers.get('etag'));
    const same = await read(justBefore(), ledger.a.apiKey, { 'if-none-match': stated.headers.get('etag') ?? '' });
    expect(same.status).toBe(304);
  });
});

test('A license that was issued here is always recorded, and shows a feature past its end as ended', async () => {
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const { licenseId: issued } = await ledger.issue({ entitlements: [{ code: 'export', until }] });
  const { body } = await ledger.call('GET', `/v1/licenses/${issued}`, { key: ledger.a.apiKey });
  expect(body).toMatchObject({ recorded: true, entitlements: [{ code: 'export', until, ended: false }] });
});
