import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';

// The projector is stopped, so rows are those of an earlier moment. What changes a license is decided by its stream.

let ledger: Ledger;
let startAgain = () => {};
beforeAll(async () => {
  ledger = await startLedger();
});
afterEach(() => startAgain());
afterAll(() => ledger.stop());

const operations = [
  ['activate', { fingerprint: 'second device' }],
  ['swap', { release: { fingerprint: 'first device' }, fingerprint: 'third device' }],
  ['leases', { leaseHolder: 'machine' }],
  ['usage', { meter: 'builds', quantity: 1, usageId: 'usage-1' }],
  ['deactivate', { fingerprint: 'first device' }],
] as const;

const issue = async () => {
  const limits = { activations: 3, seats: 2, meters: { builds: 10 } };
  const license = await ledger.issue({ limits, holderOrganizationId: ledger.b.organizationId });
  const first = { licenseKey: license.licenseKey, fingerprint: 'first device' };
  expect((await ledger.call('POST', '/v1/licenses/activate', { body: first })).status).toBe(201);
  return license;
};

/** Changes a license while nothing is projected. */
const changeUnseen = async (licenseId: string, verb: string, body: object) => {
  startAgain = await ledger.stopProjector();
  const headers = { prefer: 'respond-async' };
  const path = `/v1/licenses/${licenseId}/${verb}`;
  const { status } = await ledger.call('POST', path, { key: ledger.a.apiKey, headers, body });
  expect([200, 202]).toContain(status);
};

describe('While the read models are behind', () => {
  test('a rotated key changes nothing', async () => {
    const { licenseId, licenseKey } = await issue();
    await changeUnseen(licenseId, 'rotate-key', { cause: 'LEAKED' });
    const before = (await ledger.events()).length;
    for (const [operation, body] of operations) {
      const { status, body: answer } = await ledger.call('POST', `/v1/licenses/${operation}`, {
        body: { licenseKey, ...body },
      });
      expect([operation, status, answer.code]).toEqual([operation, 404, 'LICENSE_NOT_FOUND']);
    }
    expect((await ledger.events()).length).toBe(before);
  });

  test('the previous holder of a transferred license changes nothing', async () => {
    const { licenseId } = await issue();
    await changeUnseen(licenseId, 'transfer', { toHolderOrganizationId: null });
    const before = (await ledger.events()).length;
    for (const [operation, body] of operations) {
      const { status, body: answer } = await ledger.call('POST', `/v1/licenses/${operation}`, {
        key: ledger.b.apiKey,
        body: { licenseId, ...body },
      });
      expect([operation, status, answer.code]).toEqual([operation, 404, 'LICENSE_NOT_FOUND']);
    }
    expect((await ledger.events()).length).toBe(before);
  });
});
