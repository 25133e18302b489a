import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ledger.call('POST', path, { key: ledger.a.apiKey, body, headers });
const get = (path: string) => ledger.call('GET', path, { key: ledger.a.apiKey });

describe('Issuing', () => {
  test('answers with the license and its key, and reads the same afterwards', async () => {
    const { answer, licenseId, licenseKey } = await ledger.issue({
      term: { duration: 'P1M' },
      limits: { activations: 3 },
      entitlements: [{ code: 'export', limit: 100 }],
      externalRef: 'sub_1',
      metadata: { team: 'blue', nested: { deep: [1, 2.5, null] } },
      reason: { code: 'PURCHASE', text: 'Ordered by phone' },
    });
    expect(licenseKey).toMatch(/^LL(-[0-9A-Z]{5}){6}$/);
    expect(answer.headers.get('location')).toBe(`/v1/licenses/${licenseId}`);
    expect(answer.headers.get('ledger-position')).toMatch(/^\d+$/);
    expect(answer.headers.get('ledger-projected')).toBeNull();
    expect(answer.body.license).toMatchObject({
      id: licenseId,
      status: 'ACTIVE',
      effectiveStatus: 'ACTIVE',
      tier: 'PRO',
      products: ['local_cli', 'cloud_ide'],
      issuerOrganizationId: ledger.a.organizationId,
      holderOrganizationId: null,
      term: { number: 1, renewal: 'manual' },
      suspension: null,
      revokedAt: null,
      limits: { activations: 3, seats: 0, users: 0 },
      usage: { activations: 0 },
      entitlements: [{ code: 'export', value: null, limit: 100, until: null, source: 'grant' }],
      keyHint: `…${licenseKey.slice(-5)}`,
      externalRef: 'sub_1',
      metadata: { team: 'blue', nested: { deep: [1, 2.5, null] } },
      revision: 1,
    });

    const read = await get(`/v1/licenses/${licenseId}`);
    expect(read.status).toBe(200);
    expect(read.body).toEqual({ ...answer.body.license, lastValidatedAt: null, recentValidations: [] });
    expect(read.headers.get('etag')).toBe(answer.headers.get('etag'));
    expect(read.headers.get('cache-control')).toBe('no-store');
  });

  test('accepts the id of a built-in policy instead of its tier', async () => {
    const { answer } = await ledger.issue();
    const policyId = String(answer.body.license?.policy?.id);
    const again = await post('/v1/licenses', { policyId, products: ['local_cli'] });
    expect(again.status).toBe(201);
    expect(again.body.license).toMatchObject({ tier: 'PRO', policy: { id: policyId, version: 1 } });
  });
});

describe('The life of a license', () => {
  test('Each command answers with the license after it, and repeating it changes nothing', async () => {
    const { licenseId } = await ledger.issue();
    const command = async (verb: string, body: object) => {
      const { status, body: answer } = await post(`/v1/licenses/${licenseId}/${verb}`, body);
      return { status, changed: answer.changed, license: answer.license };
    };
    const suspended = {
      status: 200,
      changed: true,
      license: { status: 'SUSPENDED', suspension: { reasonCode: 'FRAUD' }, suspensions: [{ reasonCode: 'FRAUD' }] },
    };
    expect(await command('suspend', { reason: { code: 'FRAUD', text: 'Chargeback' } })).toMatchObject(suspended);
    expect(await command('suspend', { reason: { code: 'FRAUD' } })).toMatchObject({ ...suspended, changed: false });
    const active = { status: 200, changed: true, license: { status: 'ACTIVE', suspension: null } };
    expect(await command('reinstate', {})).toMatchObject(active);
    expect(await command('reinstate', {})).toMatchObject({ ...active, changed: false });
    expect(await command('renew', { duration: 'P1Y' })).toMatchObject({
      changed: true,
      license: { term: { number: 2 } },
    });
    const revoked = { status: 200, changed: true, license: { status: 'REVOKED', revokedAt: expect.any(String) } };
    expect(await command('revoke', { reason: { code: 'CHARGEBACK' } })).toMatchObject(revoked);
    expect(await command('revoke', { reason: { code: 'CHARGEBACK' } })).toMatchObject({ ...revoked, changed: false });
    const late = await post(`/v1/licenses/${licenseId}/suspend`, { reason: { code: 'FRAUD' } });
    expect([late.status, late.body.code]).toEqual([409, 'LICENSE_REVOKED']);
  });

  test('is in its history, in both orders and in pages', async () => {
    const { licenseId } = await ledger.issue({ reason: { code: 'PURCHASE' } });
    await post(`/v1/licenses/${licenseId}/suspend`, { reason: { code: 'PAYMENT', text: 'Invoice 7 is open' } });
    await post(`/v1/licenses/${licenseId}/reinstate`, { reason: { code: 'PAYMENT' } });
    const path = `/v1/licenses/${licenseId}/history`;
    const all = await get(path);
    const types = ['LicenseIssued', 'LicenseKeyIssued', 'LicenseSuspended', 'LicenseReinstated'];
    expect(all.body.data).toMatchObject(types.map((type, revision) => ({ type, revision })));
    expect(all.body.data?.[2]).toMatchObject({
      id: expect.stringMatching(/^evt_/),
      position: expect.stringMatching(/^\d+$/),
      actor: { type: 'API_KEY', id: ledger.a.apiKeyId },
      reason: { code: 'PAYMENT', text: 'Invoice 7 is open' },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });

    const first = await get(`${path}?order=desc&limit=3`);
    expect(first.body).toMatchObject({
      hasMore: true,
      data: types
        .slice(1)
        .reverse()
        .map((type) => ({ type })),
    });
    expect(first.headers.get('link')).toContain(`${path}?order=desc&limit=3&cursor=`);
    const second = await get(`${path}?order=desc&limit=3&cursor=${first.body.nextCursor}`);
    expect(second.body).toMatchObject({ hasMore: false, nextCursor: null, data: [{ type: 'LicenseIssued' }] });
    const otherOrder = await get(`${path}?limit=3&cursor=${first.body.nextCursor}`);
    expect([otherOrder.status, otherOrder.body.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test('ends by the clock, without a job', async () => {
    const { licenseId, licenseKey } = await ledger.issue({ term: { duration: 'P1D' } });
    ledger.clock.aheadMs = 86_400_000;
    try {
      const validated = await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } });
      expect(validated.body).toMatchObject({ valid: false, code: 'EXPIRED', status: 'EXPIRED', ttlSeconds: 0 });
      expect((await get(`/v1/licenses/${licenseId}`)).body.status).toBe('EXPIRED');
      expect((await get('/v1/licenses?status=EXPIRED')).body.data).toMatchObject([{ id: licenseId }]);
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });
});

describe('A list', () => {
  test('returns each filtered license of the organization once over all pages', async () => {
    const reference = 'listing-1';
    const issued: string[] = [];
    for (let count = 0; count < 5; count++) issued.push((await ledger.issue({ externalRef: reference })).licenseId);
    await ledger.issue({ externalRef: 'listing-2' });
    const seen: string[] = [];
    let path: string | null = `/v1/licenses?externalRef=${reference}&limit=2`;
    while (path !== null) {
      const answer = await get(path);
      for (const { id } of Object.values(answer.body.data ?? {})) seen.push(String(id));
      path = /<(.*)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? null;
    }
    expect(seen).toEqual(issued.reverse());
  });
});

describe('A client with the key', () => {
  test('activates once per device, validates, and releases', async () => {
    const { licenseId, licenseKey } = await ledger.issue({ limits: { activations: 2 } });
    const client = (verb: string, body: object) => ledger.call('POST', `/v1/licenses/${verb}`, { body });
    const device = { licenseKey, fingerprint: 'device-1' };
    const before = await client('validate', device);
    expect(before.body).toMatchObject({ valid: false, code: 'NOT_ACTIVATED' });

    const named = { ...device, product: 'local_cli', name: 'build-7', platform: 'linux', appVersion: '2.1.0' };
    const activated = await client('activate', named);
    expect([activated.status, activated.body]).toMatchObject([
      201,
      {
        activation: {
          id: expect.stringMatching(/^act_/),
          licenseId,
          product: 'local_cli',
          name: 'build-7',
          platform: 'linux',
        },
        changed: true,
        limits: { activations: { used: 1, max: 2 } },
        revision: 2,
      },
    ]);
    const again = await client('activate', { ...device, product: 'cloud_ide' });
    const seen = { lastProduct: 'cloud_ide', lastSeenAt: again.body.activation?.lastSeenAt };
    const activation = { ...activated.body.activation, ...seen };
    expect([again.status, again.body]).toEqual([200, { ...activated.body, activation, changed: false }]);
    const listed = await get(`/v1/licenses/${licenseId}/activations`);
    expect(listed.body.data).toEqual([
      { ...activated.body.activation, metadata: {}, fingerprintUniqueness: 'LICENSE' },
    ]);

    const asked = { ...device, product: 'cloud_ide', nonce: 'n-1' };
    expect((await client('validate', asked)).body).toMatchObject({
      valid: true,
      code: 'VALID',
      reasons: [],
      license: { id: licenseId, tier: 'PRO' },
      limits: { activations: { used: 1, max: 2 } },
      nonce: 'n-1',
      revision: 2,
    });
    const released = await client('deactivate', device);
    expect([released.status, released.body]).toMatchObject([
      200,
      { changed: true, limits: { activations: { used: 0 } } },
    ]);
    expect((await client('deactivate', device)).body).toMatchObject({ changed: false });
    expect((await get(`/v1/licenses/${licenseId}/activations`)).body.data).toEqual([]);
  });

  test('may send it as Authorization: License, or use the id with a credential of an organization', async () => {
    const { licenseId, licenseKey } = await ledger.issue();
    const headers = { authorization: `License ${licenseKey.toLowerCase()}` };
    const byHeader = await ledger.call('POST', '/v1/licenses/validate', { body: {}, headers });
    expect(byHeader.body).toMatchObject({ code: 'VALID', license: { id: licenseId } });
    const byId = await post('/v1/licenses/validate', { licenseId });
    expect(byId.body).toMatchObject({ code: 'VALID', license: { id: licenseId } });
    const activated = await post('/v1/licenses/activate', { licenseId, fingerprint: 'by id' });
    expect(activated.status).toBe(201);
    const foreign = await ledger.call('POST', '/v1/licenses/activate', {
      key: ledger.b.apiKey,
      body: { licenseId, fingerprint: 'by id' },
    });
    expect([foreign.status, foreign.body.code]).toEqual([404, 'LICENSE_NOT_FOUND']);
  });

  test('gets five activations for forty concurrent devices on a license for five', async () => {
    const { licenseKey } = await ledger.issue({ limits: { activations: 5 } });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, device) =>
        ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: `device-${device}` } }),
      ),
    );
    const outcomes = answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim()).sort();
    expect(outcomes).toEqual([
      ...Array<string>(5).fill('201'),
      ...Array<string>(35).fill('409 ACTIVATION_LIMIT_EXCEEDED'),
    ]);
  });
});
