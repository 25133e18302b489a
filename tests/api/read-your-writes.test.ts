import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { sized } from '../support/size.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

describe('who changes something', () => {
  test('reads it in the next request', async () => {
    for (let round = 0; round < sized(200); round++) {
      const { licenseId, answer } = await ledger.issue();
      expect(answer.headers.get('ledger-projected')).toBeNull();
      const read = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey });
      expect(read.body).toEqual(answer.body.license);
    }
  });

  test('is told when it cannot be read yet, and a read that asks for it says so', async () => {
    ledger.faults.subscriptionsHang = true;
    try {
      const { answer, licenseId } = await ledger.issue();
      expect(answer.headers.get('ledger-projected')).toBe('false');
      const position = String(answer.headers.get('ledger-position'));
      const read = await ledger.call('GET', `/v1/licenses/${licenseId}`, {
        key: ledger.a.apiKey,
        headers: { 'ledger-min-position': position },
      });
      expect([read.status, read.body.code]).toEqual([503, 'NOT_PROJECTED_YET']);
      expect(read.headers.get('retry-after')).toBe('1');

      // The stream itself decides commands, so they need no read model.
      const suspended = await ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, {
        key: ledger.a.apiKey,
        body: { reason: { code: 'FRAUD' } },
        headers: { prefer: 'respond-async' },
      });
      expect([suspended.status, suspended.body.license?.status]).toEqual([200, 'SUSPENDED']);
      expect(suspended.headers.get('preference-applied')).toBe('respond-async');
      expect(suspended.headers.get('ledger-projected')).toBeNull();

      ledger.faults.subscriptionsHang = false;
      const { answer: next } = await ledger.issue();
      const later = await ledger.call('GET', `/v1/licenses/${licenseId}`, {
        key: ledger.a.apiKey,
        headers: { 'ledger-min-position': String(next.headers.get('ledger-position')) },
      });
      expect(later.body.status).toBe('SUSPENDED');
    } finally {
      ledger.faults.subscriptionsHang = false;
    }
  });
});
