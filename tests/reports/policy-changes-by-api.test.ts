import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asTenant } from '../../src/postgres/tenant.ts';
import { commanding, refusal } from '../api/licenses/commanding.ts';
import type { Fields, Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

let ledger: Ledger;
let api: ReturnType<typeof commanding>;
let shop: Awaited<ReturnType<typeof openShop>>;
beforeAll(async () => {
  ledger = await shareLedger();
  api = commanding(ledger);
  shop = await openShop();
});
afterAll(() => ledger.stop());

/** Gives organization A three policies: team (5 devices, two products), solo (1 device, one product) and web (another product). */
const openShop = async () => {
  const create = async (path: string, body: object) => {
    const answer = await ledger.call('POST', path, { key: ledger.a.apiKey, body });
    expect(answer.status, answer.text).toBe(201);
    return String(answer.body.id);
  };
  for (const code of ['cli', 'ide', 'web', 'addon']) await create('/v1/products', { code, name: code });
  const policy = (name: string, products: readonly string[], activations: number, fields: object = {}) =>
    create('/v1/policies', { name, tier: 'PRO', products, limits: { activations }, ...fields });
  return {
    team: await policy('Team', ['cli', 'ide'], 5),
    solo: await policy('Solo', ['cli'], 1),
    web: await policy('Web', ['web'], 3),
    trial: await policy('Trial', ['cli', 'ide'], 2, {
      tier: 'TRIAL',
      type: 'TRIAL',
      term: { basis: 'ISSUE', duration: 'P14D' },
    }),
  };
};

const issue = async (policyId: string, fields: object = {}) => {
  const body = { policyId, ...fields };
  const answer = await ledger.call('POST', '/v1/licenses', { key: ledger.a.apiKey, body });
  expect(answer.status, answer.text).toBe(201);
  return { licenseId: String(answer.body.license?.id), licenseKey: String(answer.body.licenseKey) };
};

const activate = async (licenseKey: string, fingerprint: string, product: string) => {
  const answer = await ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint, product } });
  expect(answer.status, answer.text).toBe(201);
  return String(answer.body.activation?.id);
};

const preview = (licenseId: string, verb: string, body: object, headers: Record<string, string> = {}) =>
  ledger.call('POST', `/v1/licenses/${licenseId}/${verb}?preview=true`, { key: ledger.a.apiKey, body, headers });

const none = { limits: {}, products: { added: [], removed: [] }, entitlements: [] };
const reason = { code: 'CUSTOMER_REQUEST', text: 'Ann asked for it' };

describe('What was sold on top of a policy', () => {
  test('Devices and products that were sold with the license stay after a downgrade', async () => {
    const { licenseId } = await issue(shop.team, { products: ['cli', 'ide', 'addon'], limits: { activations: 30 } });
    const overrides = { limits: { activations: 30 }, products: { added: ['addon'], removed: [] }, entitlements: [] };
    expect(await api.read(licenseId)).toMatchObject({ overrides });
    const { body } = await api.post(licenseId, 'policy', { policyId: shop.solo, confirm: true });
    expect(body).toMatchObject({
      changed: true,
      dropped: none,
      license: { limits: { activations: 30 }, products: ['cli', 'addon'], overrides },
    });
    expect(await api.read(licenseId)).toEqual(body.license);
  });

  test('Devices, products and features that were sold later stay, and RESET drops them and says so', async () => {
    const { licenseId } = await issue(shop.team);
    await api.done(licenseId, 'limits', { limits: { activations: 30 } });
    await api.done(licenseId, 'limits', { limits: { activations: 30 } }, false);
    await api.done(licenseId, 'products', { add: ['addon'] });
    await api.done(licenseId, 'entitlements', { grant: { code: 'export' } });
    const kept = await api.post(licenseId, 'policy', { policyId: shop.solo, confirm: true });
    const sold = { limits: { activations: 30 }, products: ['cli', 'addon'], entitlements: [{ code: 'export' }] };
    expect(kept.body).toMatchObject({ dropped: none, license: sold });
    const reset = await api.post(licenseId, 'policy', { policyId: shop.solo, confirm: true, overrides: 'RESET' });
    expect(reset.body).toMatchObject({
      changed: true,
      dropped: {
        limits: { activations: 30 },
        products: { added: ['addon'], removed: [] },
        entitlements: ['export'],
      },
      license: { limits: { activations: 1 }, products: ['cli'], entitlements: [], overrides: none },
    });
    expect(await api.read(licenseId)).toEqual(reset.body.license);
    const past = await ledger.call('GET', `/v1/licenses/${licenseId}/history`, { key: ledger.a.apiKey });
    const { data } =
      Object.values(past.body.data ?? {}).findLast(({ type }) => String(type) === 'LicenseTierChanged') ?? {};
    expect(data).toMatchObject({ dropped: { entitlements: ['export'] } });
  });

  test('A license has at most 100 meters, and removing an unknown one changes nothing', async () => {
    const meters = (from: number, count: number, limit: number | null) => ({
      limits: { meters: Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${from + n}`, limit])) },
    });
    const { licenseId } = await issue(shop.solo, meters(0, 50, 1));
    await api.done(licenseId, 'limits', meters(1_000, 50, null), false);
    await api.done(licenseId, 'limits', meters(50, 50, 1));
    await api.done(licenseId, 'limits', meters(0, 50, null));
    const above = await api.post(licenseId, 'limits', meters(100, 1, 1));
    expect(refusal(above)).toEqual([409, 'QUOTA_EXCEEDED']);
    expect(above.body.detail).toContain('would have 101 meters');
  });

  test('Of two changes at once, a limit that is sold and a downgrade, both count', async () => {
    const { licenseId } = await issue(shop.team);
    const answers = await Promise.all([
      api.post(licenseId, 'limits', { limits: { activations: 30 } }),
      api.post(licenseId, 'policy', { policyId: shop.solo, confirm: true }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await api.read(licenseId)).toMatchObject({ limits: { activations: 30 }, policy: { id: shop.solo } });
  });
});

describe('A change that takes products away', () => {
  test('is refused until it is confirmed, and the refusal names the products and devices that go', async () => {
    const { licenseId, licenseKey } = await issue(shop.solo);
    const device = await activate(licenseKey, 'a', 'cli');
    const change = { policyId: shop.web };
    const refused = await api.post(licenseId, 'policy', change);
    expect(refused.body).toMatchObject({
      status: 409,
      code: 'CONFIRMATION_REQUIRED',
      errors: [{ pointer: '/confirm' }],
      products: ['cli'],
      ended: { activations: { count: 0, ids: [] }, leases: { count: 0, ids: [] }, users: { count: 0, ids: [] } },
    });
    expect(refused.body.detail).toContain('"confirm": true');
    expect(await api.historyOf(licenseId)).toEqual(['ActivationRecorded']);
    const confirmed = await api.post(licenseId, 'policy', { ...change, confirm: true });
    expect(confirmed.body).toMatchObject({ changed: true, license: { products: ['web'], usage: { activations: 1 } } });
    const again = await api.post(licenseId, 'policy', { ...change, confirm: true });
    expect([again.status, again.body.changed]).toEqual([200, false]);

    const emptied = await api.post(licenseId, 'products', { remove: ['web'] });
    expect(emptied.body.license?.usage).toMatchObject({ activations: 0 });
    expect(device).toMatch(/^act_/);
  });

  test.each<[string, string, (effectiveAt: string) => object]>([
    ['A tier', 'tier', () => ({ policyId: shop.solo })],
    ['A scheduled policy', 'policy', (effectiveAt) => ({ policyId: shop.solo, effectiveAt })],
  ])('%s needs a confirmation when products go, and none when nothing goes', async (_, verb, fields) => {
    const effectiveAt = new Date(Date.now() + 86_400_000).toISOString();
    const { licenseId } = await issue(shop.team);
    expect(refusal(await api.post(licenseId, verb, fields(effectiveAt)))).toEqual([409, 'CONFIRMATION_REQUIRED']);
    const other = await issue(shop.solo);
    const { policyId: __, ...when } = fields(effectiveAt) as { policyId: string };
    expect((await api.post(other.licenseId, verb, { ...when, policyId: shop.team })).status).toBe(200);
  });

  test('A term that ends before the paid one needs a confirmation, and the refusal names both ends', async () => {
    const { licenseId } = await issue(shop.solo, { term: { expiresAt: '2099-01-31T00:00:00.000Z' } });
    const change = { policyId: shop.team, term: { expiresAt: '2098-01-31T00:00:00.000Z' } };
    const refused = await api.post(licenseId, 'policy', change);
    expect(refusal(refused)).toEqual([409, 'CONFIRMATION_REQUIRED']);
    expect(refused.body.detail).toContain('at 2098-01-31T00:00:00.000Z instead of 2099-01-31T00:00:00.000Z');
    const longer = { policyId: shop.team, term: { expiresAt: '2099-02-28T00:00:00.000Z' } };
    expect((await api.post(licenseId, 'policy', longer)).status).toBe(200);
  });

  test('A conversion of a trial needs a confirmation when products go', async () => {
    const { licenseId } = await issue(shop.trial);
    const conversion = { policyId: shop.solo, term: { duration: 'P1Y' } };
    expect(refusal(await api.post(licenseId, 'convert', conversion))).toEqual([409, 'CONFIRMATION_REQUIRED']);
    const { body } = await api.post(licenseId, 'convert', { ...conversion, confirm: true });
    expect(body).toMatchObject({ changed: true, dropped: none, license: { products: ['cli'] } });
  });
});

describe('A preview', () => {
  test('shows the license before and after, what goes, and records nothing', async () => {
    const { licenseId, licenseKey } = await issue(shop.team, { limits: { activations: 2 } });
    const devices = [await activate(licenseKey, 'a', 'cli'), await activate(licenseKey, 'b', 'ide')];
    const change = { policyId: shop.web, products: ['web'], overrides: 'RESET', limits: { activations: 1 } };
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    const before = await api.read(licenseId);
    const { status, body, headers: answered } = await preview(licenseId, 'policy', { ...change, reason }, headers);
    expect(status).toBe(200);
    expect([body.license, body.before, body.changed]).toEqual([before, before, false]);
    expect(answered.get('etag')).toBe(`"${before.revision}"`);
    expect(body).toMatchObject({
      after: { products: ['web'], limits: { activations: 1 }, policy: { id: shop.web } },
      dropped: none,
      ended: { activations: { count: 0 } },
    });
    expect(await api.read(licenseId)).toEqual(before);
    const texts = await asTenant(ledger.needs.pool, ledger.a.organizationId, (db) =>
      db.query('select ref from vault.personal_values where subject = $1', [licenseId]),
    );
    expect(texts.rows).toEqual([]);
    // The Idempotency-Key was not used, and the change does what its preview showed.
    const done = await ledger.call('POST', `/v1/licenses/${licenseId}/policy`, {
      ...{ key: ledger.a.apiKey, headers },
      body: { ...change, confirm: true },
    });
    expect(done.headers.get('idempotent-replayed')).toBeNull();
    const { createdAt: _, ...after } = body.after ?? {};
    expect(done.body.license).toMatchObject(after);
    expect(devices).toHaveLength(2);
  });

  test('names the devices that end, at the instant of a scheduled change', async () => {
    const { licenseId, licenseKey } = await issue(shop.team);
    const device = await activate(licenseKey, 'a', 'cli');
    const effectiveAt = new Date(Date.now() + 86_400_000).toISOString();
    const evicting = { limits: { activations: 0 }, strategy: 'EVICT_OLDEST' };
    const limits = await preview(licenseId, 'limits', evicting);
    const one = { count: 1, ids: [device] };
    expect(limits.body).toMatchObject({ ended: { activations: one }, after: { usage: { activations: 0 } } });
    const products = await preview(licenseId, 'products', { remove: ['cli', 'ide'] });
    expect(products.body).toMatchObject({ ended: { activations: one }, after: { products: [] } });
    const later = await preview(licenseId, 'tier', { policyId: shop.solo, effectiveAt });
    expect(later.body).toMatchObject({
      effectiveAt,
      after: { products: ['cli'], scheduled: [], policy: { id: shop.solo } },
      before: { products: ['cli', 'ide'], scheduled: [] },
    });
    expect(await api.historyOf(licenseId)).toEqual(['ActivationRecorded']);
  });

  test('shows the paid license that a trial becomes', async () => {
    const { licenseId } = await issue(shop.trial, { limits: { activations: 9 } });
    const { body } = await preview(licenseId, 'convert', { policyId: shop.team, overrides: 'RESET' });
    expect(body).toMatchObject({
      before: { tier: 'TRIAL', limits: { activations: 9 } },
      after: { tier: 'PRO', limits: { activations: 5 }, term: { number: 2 } },
      dropped: { limits: { activations: 9 } },
      paidTerm: null,
    });
    expect(await api.read(licenseId)).toEqual(body.before);
  });

  test('is refused as the change is: by its terms, its permission, its revision and its license', async () => {
    const { licenseId } = await issue(shop.team);
    const change = { policyId: shop.solo };
    const by = (key: string) =>
      ledger.call('POST', `/v1/licenses/${licenseId}/policy?preview=true`, { key, body: change });
    const answers: readonly Fields[] = [
      (await preview(licenseId, 'policy', change, { 'If-Match': '"99"' })).body,
      (await preview(licenseId, 'policy', { policyId: shop.trial })).body,
      (await preview(licenseId, 'convert', { policyId: shop.team })).body,
      (await by(ledger.b.apiKey)).body,
      (await preview(licenseId, 'policy', { ...change, effectiveAt: '2020-01-01T00:00:00.000Z' })).body,
    ];
    expect(answers.map(({ code }) => String(code))).toEqual([
      'REVISION_MISMATCH',
      'INVALID_REQUEST',
      'INVALID_REQUEST',
      'LICENSE_NOT_FOUND',
      'TERM_INVALID',
    ]);
    await api.done(licenseId, 'revoke', { reason: { code: 'CHARGEBACK' } });
    expect(refusal(await preview(licenseId, 'policy', change))).toEqual([409, 'LICENSE_REVOKED']);
  });
});
