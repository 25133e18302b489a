import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { commanding, later, refusal } from './commanding.ts';

let ledger: Ledger;
let api: ReturnType<typeof commanding>;
beforeAll(async () => {
  ledger = await startLedger();
  api = commanding(ledger);
});
afterAll(() => ledger.stop());

const codeOf = async (licenseKey: string) =>
  (await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } })).body.code;
const heldByB = () => ledger.issue({ holderOrganizationId: ledger.b.organizationId });

describe('A rotated key', () => {
  test('is returned once, and the previous key works during the overlap', async () => {
    const { licenseId, licenseKey } = await ledger.issue();
    const { status, body } = await api.post(licenseId, 'rotate-key', { overlapSeconds: 3_600, cause: 'ROUTINE' });
    const newKey = String(body.licenseKey);
    expect([status, body.changed]).toEqual([200, true]);
    expect(newKey).toMatch(/^LL(-[0-9A-Z]{5}){6}$/);
    expect(newKey).not.toBe(licenseKey);
    expect(body.license).toMatchObject({
      keyVersion: 2,
      keyHint: `…${newKey.slice(-5)}`,
      keyOverlaps: [{ keyVersion: 1 }],
    });
    expect([await codeOf(licenseKey), await codeOf(newKey)]).toEqual(['VALID', 'VALID']);
    await later(ledger, 3_601, async () => {
      expect([await codeOf(licenseKey), await codeOf(newKey)]).toEqual(['KEY_ROTATED', 'VALID']);
      expect((await api.read(licenseId)).keyOverlaps).toEqual([]);
    });
    const history = await api.send('GET', licenseId, 'history');
    expect(history.text).not.toContain(newKey);
  });

  test('stops the previous key immediately without an overlap', async () => {
    const { licenseId, licenseKey } = await ledger.issue();
    const { body } = await api.post(licenseId, 'rotate-key', { cause: 'LEAKED' });
    expect([await codeOf(licenseKey), await codeOf(String(body.licenseKey))]).toEqual(['KEY_ROTATED', 'VALID']);
    expect(await api.historyOf(licenseId)).toEqual(['LicenseKeyRotated', 'LicenseKeyRetired']);
  });

  test.each(['LEAKED', 'LOST'])(
    'after %s leaves no earlier key working, whatever overlap was asked for',
    async (cause) => {
      const { licenseId, licenseKey } = await ledger.issue();
      const rotate = async (body: object) => String((await api.post(licenseId, 'rotate-key', body)).body.licenseKey);
      const second = await rotate({ overlapSeconds: 3_600, cause: 'ROUTINE' });
      const third = await rotate({ overlapSeconds: 3_600, cause });
      const codes = await Promise.all([licenseKey, second, third].map(codeOf));
      expect(codes).toEqual(['KEY_ROTATED', 'KEY_ROTATED', 'VALID']);
    },
  );

  test('stops before its overlap ends when the overlap is ended, by the holder too', async () => {
    const { licenseId, licenseKey } = await heldByB();
    const { body } = await api.post(licenseId, 'rotate-key', { overlapSeconds: 3_600 });
    const end = (fields: object) =>
      ledger.call('POST', `/v1/licenses/${licenseId}/end-key-overlap`, { key: ledger.b.apiKey, body: fields });
    expect(refusal(await end({ keyVersion: 2 }))).toEqual([400, 'INVALID_REQUEST']);
    expect((await end({ keyVersion: 1 })).body).toMatchObject({ changed: true, license: { keyOverlaps: [] } });
    expect((await end({})).body.changed).toBe(false);
    expect([await codeOf(licenseKey), await codeOf(String(body.licenseKey))]).toEqual(['KEY_ROTATED', 'VALID']);
  });

  test('is different after each rotation', async () => {
    const { licenseId } = await ledger.issue();
    const keys = new Set<string>();
    for (let count = 0; count < 3; count += 1)
      keys.add(String((await api.post(licenseId, 'rotate-key', {})).body.licenseKey));
    expect(keys.size).toBe(3);
    expect((await api.read(licenseId)).keyVersion).toBe(4);
  });

  const release = () => ({
    toHolderOrganizationId: ledger.b.organizationId,
    accepted: true,
    activations: 'RELEASE',
  });
  test.each([
    ['rotate-key', () => ({ cause: 'LOST' })],
    ['transfer', release],
  ])('is the same when %s is repeated, also after a crash between append and answer', async (verb, bodyOf) => {
    const { licenseId } = await ledger.issue();
    const key = randomUUID();
    const rotate = () =>
      ledger.call('POST', `/v1/licenses/${licenseId}/${verb}`, {
        key: ledger.a.apiKey,
        body: bodyOf(),
        headers: { 'idempotency-key': key },
      });
    let secret: Buffer | null = null;
    // Catches the sealed secret while the request is in flight.
    ledger.faults.replyDelayMs = 300;
    const answering = rotate();
    const sealed = async () => {
      const { rows } = await ledger.database.superuser.query<{ secret: Buffer | null }>(
        'select secret from ops.idempotency where idempotency_key = $1',
        [key],
      );
      secret = rows[0]?.secret ?? null;
      return secret;
    };
    await expect.poll(sealed).not.toBeNull();
    ledger.faults.replyDelayMs = 0;
    const first = await answering;
    expect((await rotate()).text).toBe(first.text);

    await ledger.database.superuser.query(
      `update ops.idempotency set status = null, body = null, secret = $2, locked_until = now() - interval '1 second'
       where idempotency_key = $1`,
      [key, secret],
    );
    const retried = await rotate();
    expect(retried.headers.get('idempotent-replayed')).toBeNull();
    expect([retried.status, retried.body]).toEqual([200, first.body]);
    expect((await api.read(licenseId)).keyVersion).toBe(2);
  });

  test('is not answered to a transfer of an earlier build, which stored no key to answer again', async () => {
    const { licenseId } = await ledger.issue();
    const key = randomUUID();
    const transfer = () =>
      ledger.call('POST', `/v1/licenses/${licenseId}/transfer`, {
        key: ledger.a.apiKey,
        body: release(),
        headers: { 'idempotency-key': key },
      });
    const first = await transfer();
    await ledger.database.superuser.query(
      `update ops.idempotency set status = null, body = null, secret = null, locked_until = now() - interval '1 second'
       where idempotency_key = $1`,
      [key],
    );
    const retried = await transfer();
    expect([retried.status, retried.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(await codeOf(String(first.body.licenseKey))).toBe('VALID');
  });

  test('can be requested by the holder, and not by another organization', async () => {
    const { licenseId, licenseKey } = await heldByB();
    const { status, body } = await api.post(licenseId, 'rotate-key', {}, ledger.b.apiKey);
    expect([status, body.license?.keyVersion]).toEqual([200, 2]);
    expect(await codeOf(licenseKey)).toBe('KEY_ROTATED');
    const own = await ledger.issue();
    expect(refusal(await api.post(own.licenseId, 'rotate-key', {}, ledger.b.apiKey))).toEqual([
      404,
      'LICENSE_NOT_FOUND',
    ]);
  });

  test('is refused with an invalid overlap and for a revoked license', async () => {
    const { licenseId } = await ledger.issue();
    expect(refusal(await api.post(licenseId, 'rotate-key', { overlapSeconds: -1 }))).toEqual([400, 'LIMIT_INVALID']);
    await api.post(licenseId, 'revoke', { reason: { code: 'OVER' } });
    expect(refusal(await api.post(licenseId, 'rotate-key', {}))).toEqual([409, 'LICENSE_REVOKED']);
  });
});

describe('A transfer', () => {
  const toB = (more: object = {}) => ({ toHolderOrganizationId: ledger.b.organizationId, accepted: true, ...more });
  const asB = (licenseId: string, what = '') => api.send('GET', licenseId, what, undefined, ledger.b.apiKey);
  const activate = (licenseKey: string, name: string) =>
    ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: 'a', name } });

  test('gives the license with its devices, their names and its metadata to the new holder only', async () => {
    const { licenseId, licenseKey } = await ledger.issue({ metadata: { seat: '7' } });
    await activate(licenseKey, 'moving device');
    expect(refusal(await asB(licenseId))).toEqual([404, 'LICENSE_NOT_FOUND']);
    const license = await api.done(licenseId, 'transfer', toB());
    expect(license).toMatchObject({ holderOrganizationId: ledger.b.organizationId, usage: { activations: 1 } });
    await api.done(licenseId, 'transfer', toB(), false);
    expect((await asB(licenseId)).body).toEqual({ ...license, lastValidatedAt: null, recentValidations: [] });
    expect((await asB(licenseId, 'activations')).body.data).toMatchObject([{ name: 'moving device' }]);

    await api.done(licenseId, 'transfer', { toHolderOrganizationId: null });
    expect(refusal(await asB(licenseId))).toEqual([404, 'LICENSE_NOT_FOUND']);
    const { rows } = await ledger.database.superuser.query(
      `select m.holder_org_id as metadata, v.holder_org_id as name
       from vault.license_metadata m, vault.personal_values v
       where m.license_id = $1 and v.value = 'moving device'`,
      [licenseId],
    );
    expect(rows).toEqual([{ metadata: null, name: null }]);
  });

  test('releases the devices of the previous holder when the request says so', async () => {
    const { licenseId, licenseKey } = await ledger.issue();
    await activate(licenseKey, 'released device');
    const { usage } = await api.done(licenseId, 'transfer', toB({ activations: 'RELEASE' }));
    expect(usage?.activations).toBe(0);
    expect((await api.historyOf(licenseId)).slice(1)).toEqual([
      ...['LicenseTransferred', 'LicenseKeyRotated', 'LicenseKeyRetired', 'ActivationDeactivated'],
    ]);
  });

  test('restarts the term when the request says so', async () => {
    const { licenseId } = await ledger.issue({ term: { duration: 'P1M' } });
    expect((await api.done(licenseId, 'transfer', toB({ expiry: 'RESET' }))).term?.number).toBe(2);
    const fixed = await ledger.issue({ term: { expiresAt: '2099-01-01T00:00:00Z' } });
    const reset = await api.post(fixed.licenseId, 'transfer', toB({ expiry: 'RESET' }));
    expect(refusal(reset)).toEqual([400, 'TERM_INVALID']);
  });

  test('is refused to an unknown organization and when the policy forbids it', async () => {
    const { licenseId } = await ledger.issue();
    const unknown = { toHolderOrganizationId: 'org_01h455vb4pex5vsknk084sn02q', accepted: true };
    const refused = await api.post(licenseId, 'transfer', unknown);
    expect([...refusal(refused), refused.body.errors?.[0]?.pointer]).toEqual([
      400,
      'INVALID_REQUEST',
      '/toHolderOrganizationId',
    ]);
    const free = await ledger.issue({ tier: 'FREE' });
    expect(refusal(await api.post(free.licenseId, 'transfer', toB()))).toEqual([403, 'FORBIDDEN']);
    expect(refusal(await api.post((await heldByB()).licenseId, 'transfer', toB(), ledger.b.apiKey))).toEqual([
      403,
      'FORBIDDEN',
    ]);
  });
});
