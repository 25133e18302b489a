import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const suspend = (licenseId: string, ifMatch: string, key = ledger.a.apiKey) =>
  ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, {
    key,
    body: { reason: { code: 'FRAUD' } },
    headers: { 'if-match': ifMatch },
  });
const read = (licenseId: string, headers: Record<string, string> = {}) =>
  ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey, headers });
const tagOf = ({ headers }: { headers: Headers }) => headers.get('etag') ?? '';

describe('If-Match', () => {
  test('carries out a command only at the revision that it names', async () => {
    const { licenseId, answer } = await ledger.issue();
    const stale = await suspend(licenseId, '"0"');
    expect([stale.status, stale.body.code]).toEqual([412, 'REVISION_MISMATCH']);
    expect((await read(licenseId)).body.status).toBe('ACTIVE');
    const first = await suspend(licenseId, tagOf(answer));
    expect([first.status, first.body.changed]).toEqual([200, true]);
    expect((await suspend(licenseId, tagOf(answer))).status).toBe(412);
    expect((await suspend(licenseId, tagOf(first))).body.changed).toBe(false);
    expect((await suspend(licenseId, '*')).status).toBe(200);
  });

  test('lets one of two concurrent commands at the same revision pass', async () => {
    const { licenseId, answer } = await ledger.issue();
    const renew = () =>
      ledger.call('POST', `/v1/licenses/${licenseId}/renew`, {
        key: ledger.a.apiKey,
        body: { duration: 'P1M' },
        headers: { 'if-match': tagOf(answer) },
      });
    const answers = await Promise.all(Array.from({ length: 10 }, renew));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
    expect((await read(licenseId)).body.term).toMatchObject({ number: 2 });
  });

  test('reveals no revision to another organization', async () => {
    const { licenseId } = await ledger.issue();
    const foreign = await suspend(licenseId, '"9"', ledger.b.apiKey);
    const unknown = await suspend('lic_01h455vb4pex5vsknk084sn02q', '"9"', ledger.b.apiKey);
    expect([foreign.status, foreign.body.code]).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect({ ...foreign.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' });
  });

  test('is not checked again when the request is repeated with its Idempotency-Key', async () => {
    const { licenseId, answer } = await ledger.issue();
    const send = () =>
      ledger.call('POST', `/v1/licenses/${licenseId}/renew`, {
        key: ledger.a.apiKey,
        body: { duration: 'P1M' },
        headers: { 'if-match': tagOf(answer), 'idempotency-key': 'renew-once' },
      });
    const [first, again] = [await send(), await send()];
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.text).toBe(first.text);
  });
});

describe('If-None-Match', () => {
  test('answers 304 without a body while nothing has changed', async () => {
    const { licenseId, answer } = await ledger.issue();
    const same = await read(licenseId, { 'if-none-match': `"x", W/${tagOf(answer)}` });
    expect([same.status, same.text, tagOf(same)]).toEqual([304, '', tagOf(answer)]);
    await suspend(licenseId, tagOf(answer));
    expect((await read(licenseId, { 'if-none-match': tagOf(answer) })).status).toBe(200);
  });

  test('gets a new answer when only time has changed the content', async () => {
    const { licenseId, answer } = await ledger.issue({ term: { duration: 'PT1H' } });
    ledger.clock.aheadMs = 3_600_000;
    try {
      const later = await read(licenseId, { 'if-none-match': tagOf(answer) });
      expect([later.status, later.body.status, later.body.revision]).toEqual([200, 'EXPIRED', 1]);
      expect((await read(licenseId, { 'if-none-match': tagOf(later) })).status).toBe(304);
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });
});
