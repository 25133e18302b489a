import { afterAll, beforeAll, expect, test } from 'vitest';
import { countUses } from '../../src/cli/secrets/count-uses.ts';
import { asOwner } from '../../src/identity/secret-records/stored-secrets-table.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

/** Counts what needs the secret of the ledger, which signed between these instants. */
const uses = async (firstSignedAt = new Date(0), lastSignedAt = new Date()) => {
  const { id, check } = ledger.secrets.signing;
  const stored = { id, check, firstSignedAt, lastSignedAt, retiredAt: null };
  const counted = await asOwner(ledger.database.url, (db) => countUses(db, ledger.database.url, [stored]));
  expect(counted.notCounted).toBeNull();
  return counted.uses.get(id);
};
const post = async (path: string, body: object, key = ledger.a.apiKey) => {
  const { status, body: answer, headers } = await ledger.call('POST', path, { key, body });
  expect([200, 201]).toContain(status);
  await ledger.projected.waitFor(BigInt(headers.get('ledger-position') ?? 0), 10_000);
  return answer;
};

test('What needs a secret is counted: working keys by their secret, and everything else by its time', async () => {
  const before = await uses();
  expect(before).toMatchObject({ licenseKeys: 0, apiKeys: 2, devices: 0, refreshTokens: 0 });
  const { licenseId, licenseKey } = await ledger.issue({ limits: { activations: 2, seats: 1 } });
  const { licenseId: revoked } = await ledger.issue();
  await post('/v1/licenses/activate', { licenseKey, fingerprint: 'laptop' });
  await post('/v1/licenses/leases', { licenseKey, leaseHolder: 'laptop' });
  const member = await ledger.createMember(ledger.a.organizationId, 'ADMIN');
  expect(member.refreshToken).toBeTruthy();
  expect(await uses()).toMatchObject({ licenseKeys: 2, devices: 1, seats: 1, refreshTokens: 1 });

  // A replaced key does not count, unless it works beside the new one, and no key of a revoked license does.
  await post(`/v1/licenses/${licenseId}/rotate-key`, { reason: { code: 'LEAKED' } });
  expect(await uses()).toMatchObject({ licenseKeys: 2 });
  await post(`/v1/licenses/${licenseId}/rotate-key`, { overlapSeconds: 600, reason: { code: 'LEAKED' } });
  expect(await uses()).toMatchObject({ licenseKeys: 3 });
  await post(`/v1/licenses/${revoked}/revoke`, { reason: { code: 'FRAUD' } });
  expect(await uses()).toMatchObject({ licenseKeys: 2 });

  const created = await post('/v1/api-keys', { name: 'CI', scopes: ['licenses:read'] });
  expect(await uses()).toMatchObject({ apiKeys: 3 });
  await post(`/v1/api-keys/${created.apiKey?.id ?? created.id}/rotate`, { overlapSeconds: 0 });
  expect(await uses()).toMatchObject({ apiKeys: 3 });

  const tomorrow = new Date(Date.now() + 86_400_000);
  expect(await uses(tomorrow, tomorrow)).toMatchObject({ licenseKeys: 2, devices: 0, seats: 0, refreshTokens: 0 });
});
