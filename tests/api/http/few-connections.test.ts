import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { outline } from '../client/client.ts';

const connections = 2;
const requests = 8 * connections;
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger({ apiConnections: connections });
});
afterAll(() => ledger.stop());

const atOnce = <Answered>(send: (index: number) => Promise<Answered>) =>
  Promise.all(Array.from({ length: requests }, (_, index) => send(index)));
const values = async () => (await ledger.traces())['vault.personal_values'];

test('Refused activations with a device name are all answered, however few connections the API has', async () => {
  const { licenseKey } = await ledger.issue({ limits: { activations: 0 } });
  const before = await values();
  for (const key of [ledger.a.apiKey, undefined]) {
    const answers = await atOnce((index) =>
      ledger.call('POST', '/v1/licenses/activate', {
        key,
        body: { licenseKey, fingerprint: `device ${index}`, name: `canary ${index}` },
        headers: { 'idempotency-key': randomUUID() },
      }),
    );
    expect(answers.map(outline)).toEqual(answers.map(() => [409, 'ACTIVATION_LIMIT_EXCEEDED']));
  }
  expect(await values()).toBe(before);
});

test('Refused commands with a reason text are all answered, and their texts are taken back', async () => {
  const { licenseId } = await ledger.issue({}, ledger.a);
  const before = await values();
  const answers = await atOnce(() =>
    ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, {
      key: ledger.a.apiKey,
      body: { reason: { code: 'LEGAL', text: 'canary text' } },
      headers: { 'idempotency-key': randomUUID(), 'if-match': '"99"' },
    }),
  );
  expect(answers.map(outline)).toEqual(answers.map(() => [412, 'REVISION_MISMATCH']));
  expect(await values()).toBe(before);
});
