import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import {
  formatLicenseKey,
  generateLicenseKeyBody,
  hashLicenseKey,
  licenseKeyHint,
} from '../../src/identity/license-key.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import { type Answer, type Ledger, startLedger } from '../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const overlapSeconds = 3_600;

/** Gives a license another key; the present one works an hour more. Returns the new one. */
const rotate = async (licenseId: string): Promise<string> => {
  const body = generateLicenseKeyBody();
  const { hash, secretId } = hashLicenseKey(ledger.secrets, body);
  const key = { keyHash: hash.toString('hex'), secretId, hint: licenseKeyHint(body) };
  const executed = await sendCommand(
    ledger.executor,
    licenseAggregate,
    licenseId,
    { type: 'RotateKey', at: new Date().toISOString(), data: { ...key, overlapSeconds, cause: 'ROUTINE' } },
    context(),
    () => null,
  );
  if ('rejected' in executed) throw new Error(executed.detail);
  await ledger.projected.waitFor(executed.position.commit, 10_000);
  return formatLicenseKey('LL', body);
};
const post = (operation: string, body: object, key?: string) =>
  ledger.call('POST', `/v1/licenses/${operation}`, { body, key });
const outline = ({ status, body }: Answer) => [status, body.code];
/** With the API's clock before or after the end of the overlap. */
const at = async (when: 'before' | 'after', work: () => Promise<void>) => {
  ledger.clock.aheadMs = (overlapSeconds + (when === 'before' ? -60 : 1)) * 1_000;
  await work().finally(() => {
    ledger.clock.aheadMs = 0;
  });
};

describe('A rotated key', () => {
  test('works for everything during its overlap', async () => {
    const { licenseId, licenseKey } = await ledger.issue();
    await rotate(licenseId);
    await at('before', async () => {
      expect((await post('validate', { licenseKey })).body.code).toBe('VALID');
      expect((await post('activate', { licenseKey, fingerprint: 'a' })).status).toBe(201);
      expect((await post('deactivate', { licenseKey, fingerprint: 'a' })).status).toBe(200);
    });
  });

  test('is then KEY_ROTATED in a validation and unknown to all other operations', async () => {
    const { licenseId, licenseKey } = await ledger.issue();
    const unknown = formatLicenseKey('LL', generateLicenseKeyBody());
    const newKey = await rotate(licenseId);
    await post('activate', { licenseKey: newKey, fingerprint: 'a' });
    await at('after', async () => {
      expect((await post('validate', { licenseKey })).body).toMatchObject({ valid: false, code: 'KEY_ROTATED' });
      for (const operation of ['activate', 'deactivate']) {
        const answer = await post(operation, { licenseKey, fingerprint: 'a' });
        expect(outline(answer)).toEqual([404, 'LICENSE_NOT_FOUND']);
        expect(answer.body.detail).toEqual(
          (await post(operation, { licenseKey: unknown, fingerprint: 'a' })).body.detail,
        );
      }
    });
  });

  test('reveals nothing about its license afterwards, even when that is revoked', async () => {
    const { licenseId, licenseKey } = await ledger.issue();
    await rotate(licenseId);
    const reason = { code: 'FRAUD' };
    await ledger.call('POST', `/v1/licenses/${licenseId}/revoke`, { key: ledger.a.apiKey, body: { reason } });
    await at('after', async () =>
      expect(outline(await post('activate', { licenseKey, fingerprint: 'a' }))).toEqual([404, 'LICENSE_NOT_FOUND']),
    );
  });

  test('does not affect the new key or the license by its id', async () => {
    const { licenseId } = await ledger.issue();
    const newKey = await rotate(licenseId);
    await at('after', async () => {
      expect((await post('validate', { licenseKey: newKey })).body.code).toBe('VALID');
      expect((await post('activate', { licenseKey: newKey, fingerprint: 'a' })).status).toBe(201);
      expect((await post('deactivate', { licenseId, fingerprint: 'a' }, ledger.a.apiKey)).status).toBe(200);
    });
  });
});
