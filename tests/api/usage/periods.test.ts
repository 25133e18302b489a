import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
  await asIssuer('POST', '/v1/products', { code: 'local_cli', name: 'CLI' });
});
afterAll(() => ledger.stop());

const day = 86_400_000;
const asIssuer = (method: string, path: string, body?: object) =>
  ledger.call(method, path, { key: ledger.a.apiKey, ...(body === undefined ? {} : { body }) });
const addPolicy = (meters: object, more: object = {}) =>
  asIssuer('POST', '/v1/policies', {
    name: 'Metered',
    tier: 'PRO',
    products: ['local_cli'],
    limits: { meters },
    ...more,
  });
const issueUnder = async (policyId: string, more: object = {}) => {
  const { body } = await asIssuer('POST', '/v1/licenses', { policyId, term: { duration: 'P1Y' }, ...more });
  return { licenseId: String(body.license?.id), licenseKey: String(body.licenseKey), issued: body.license };
};
const use = (licenseKey: string, quantity: number, meter = 'builds') =>
  ledger.call('POST', '/v1/licenses/usage', { body: { licenseKey, meter, quantity } });
const validate = async (licenseKey: string) =>
  (await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, meters: ['builds'] } })).body;
const read = (licenseId: string, query = '') => asIssuer('GET', `/v1/licenses/${licenseId}${query}`);
const monthly = { limit: 100, resets: 'P1M' };
const monthlyOut = { ...monthly, overage: { kind: 'NONE' } };

describe('A meter of a policy', () => {
  test('has a limit alone, or also when it resets and its own overage', async () => {
    const seats = { limit: 5, resets: 'NEVER', overage: { kind: 'RATIO', percent: 120 } };
    const { status, body } = await addPolicy({ builds: monthly, scans: 7, seats });
    expect([status, body.limits?.meters]).toEqual([201, { builds: monthlyOut, scans: 7, seats }]);
    const renamed = await asIssuer('PATCH', `/v1/policies/${body.id}`, { name: 'Renamed' });
    expect(renamed.body.limits?.meters).toEqual(body.limits?.meters);
    const plain = await asIssuer('PATCH', `/v1/policies/${body.id}`, { limits: { meters: { builds: 100 } } });
    expect(plain.body.limits?.meters).toEqual({ builds: 100 });
    const same = { limits: { meters: { builds: { limit: 100, resets: 'TERM' } } } };
    expect((await asIssuer('PATCH', `/v1/policies/${body.id}`, same)).body.version).toBe(3);
  });

  test.each([
    ['/limits/meters/builds/resets', { builds: { limit: 1, resets: 'P2M' } }, 'INVALID_REQUEST'],
    ['/limits/meters/builds/limit', { builds: { resets: 'P1M' } }, 'INVALID_REQUEST'],
    [
      '/limits/meters/builds/overage/percent',
      { builds: { limit: 1, overage: { kind: 'RATIO', percent: 99 } } },
      'INVALID_REQUEST',
    ],
    ['/limits/meters/builds', { builds: { limit: -1, resets: 'P1M' } }, 'LIMIT_INVALID'],
  ])('is refused at %s: %j', async (pointer, meters, code) => {
    const { status, body } = await addPolicy(meters);
    expect([status, body.code, body.errors?.[0]?.pointer]).toEqual([400, code, pointer]);
  });
});

describe('A yearly license with a monthly quota', () => {
  test('has the whole quota again at the end of the month, without an event', async () => {
    ledger.clock.aheadMs = 0;
    const { body: policy } = await addPolicy({ builds: monthly, scans: 7 });
    const { licenseId, licenseKey, issued } = await issueUnder(String(policy.id));
    expect(issued?.limits?.meters).toEqual({ builds: monthlyOut, scans: 7 });
    const startsAt = issued?.usage?.periods?.builds?.startsAt;
    const endsAt = String(issued?.usage?.periods?.builds?.endsAt);
    expect([startsAt, Object.keys(issued?.usage?.periods ?? {})]).toEqual([issued?.term?.startsAt, ['builds']]);

    const counted = await use(licenseKey, 100);
    expect(counted.body.limits?.meters).toEqual({
      builds: { used: 100, max: 100, resetsAt: endsAt },
      scans: { used: 0, max: 7 },
    });
    const refused = await use(licenseKey, 1);
    expect(refused).toMatchObject({ status: 409, body: { code: 'QUOTA_EXCEEDED', retryAt: endsAt } });
    const full = await validate(licenseKey);
    expect([full.code, full.exceededMeters]).toEqual(['QUOTA_EXCEEDED', ['builds']]);
    const before = await read(licenseId);
    expect(before.body.usage).toMatchObject({ meters: { builds: 100 }, resetsAt: null });

    const later = new Date(Date.now()).toISOString();
    ledger.clock.aheadMs = Date.parse(endsAt) - Date.now() + 1_000;
    const after = await read(licenseId);
    expect(after.body.usage?.periods?.builds?.startsAt).toBe(endsAt);
    expect([after.body.usage?.meters?.builds ?? 0, after.body.revision]).toEqual([0, before.body.revision]);
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
    expect((await read(licenseId, `?asOf=${later}`)).body.usage?.meters?.builds).toBe(100);
    expect((await validate(licenseKey)).code).toBe('VALID');
    const { body: list } = await asIssuer('GET', '/v1/licenses?limit=1');
    expect([list.data?.[0]?.id, list.data?.[0]?.usage?.meters]).toEqual([licenseId, {}]);

    expect((await use(licenseKey, 30)).body.usage?.total).toBe(30);
    const { events } = await ledger.store.connect().read(`license-${licenseId}`);
    expect(events.at(-1)?.data).toMatchObject({ resets: 'P1M', periodStart: endsAt, totalAfter: 30 });
    const days = Math.round((Date.parse(String(events.at(-1)?.data.periodEnd)) - Date.parse(endsAt)) / day);
    expect([28, 29, 30, 31]).toContain(days);
  });

  test('keeps the period when only its limit changes, and begins at 0 when its period changes', async () => {
    const { body: policy } = await addPolicy({ builds: monthly });
    const { licenseId, licenseKey } = await issueUnder(String(policy.id));
    await use(licenseKey, 60);
    const change = (builds: unknown) =>
      asIssuer('POST', `/v1/licenses/${licenseId}/limits`, { limits: { meters: { builds } } });
    const raised = await change(200);
    expect(raised.body.license?.limits?.meters?.builds).toEqual({ ...monthlyOut, limit: 200 });
    expect(raised.body.license?.usage?.meters?.builds).toBe(60);
    const weekly = await change({ limit: 50, resets: 'P1W', overage: { kind: 'ALWAYS' } });
    expect(weekly.body.license?.limits?.meters?.builds).toEqual({
      limit: 50,
      resets: 'P1W',
      overage: { kind: 'ALWAYS' },
    });
    expect(weekly.body.license?.overrides?.limits?.meters?.builds).toEqual({
      limit: 50,
      resets: 'P1W',
      overage: { kind: 'ALWAYS' },
    });
    expect(weekly.body.license?.usage?.meters?.builds ?? 0).toBe(0);
    expect((await use(licenseKey, 51)).body.usage).toMatchObject({ total: 51, max: 50 });
    expect((await change(null)).body.license?.limits?.meters).toEqual({});
  });
});
