import { beforeAll, describe, expect, test } from 'vitest';
import type { Answer, Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

// Codes of products with a hyphen and codes of entitlements in capitals, wherever a request or an answer has one.

const product = 'fast-app';
const twin = 'fast_app';
const code = 'SSO-Login';
const twinCode = 'sso-login';

let ledger: Ledger;
let policyId: string;
let licenseId: string;
let licenseKey: string;
const call = (method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) =>
  ledger.call(method, path, { key: ledger.a.apiKey, headers, ...(body === undefined ? {} : { body }) });
const byKey = (method: string, path: string, body?: object) =>
  ledger.call(method, `/v1/licenses/${path}`, {
    headers: { authorization: `License ${licenseKey}` },
    ...(body === undefined ? {} : { body }),
  });
const validate = (scope: object) => ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, ...scope } });

beforeAll(async () => {
  ledger = await shareLedger();
  for (const each of [product, twin]) await done(call('POST', '/v1/products', { code: each, name: each }));
  const policy = { name: 'Team', tier: 'PRO', products: [product], entitlements: [{ code }], limits: { seats: 5 } };
  policyId = String((await done(call('POST', '/v1/policies', policy))).body.id);
  const issued = await done(call('POST', '/v1/licenses', { policyId }));
  licenseId = String(issued.body.license?.id);
  licenseKey = String(issued.body.licenseKey);
});

const done = async (request: Promise<Answer>): Promise<Answer> => {
  const answer = await request;
  expect(answer.status, answer.text).toBeLessThan(300);
  await ledger.projected.waitFor(BigInt(answer.headers.get('ledger-position') ?? 0), 10_000);
  return answer;
};

describe('The code of a product may contain a hyphen', () => {
  test.each<readonly [string, () => Promise<Answer>, object]>([
    ['the products', () => call('GET', `/v1/products?code=${product}`), { data: [{ code: product }] }],
    [
      'a release',
      () => call('POST', `/v1/products/${product}/releases`, { version: '1.0.0' }),
      { release: { version: '1.0.0' } },
    ],
    ['the releases', () => call('GET', `/v1/products/${product}/releases`), { hasMore: false }],
    ['a policy', () => call('GET', `/v1/policies/${policyId}`), { products: [product] }],
    ['an issue', () => call('POST', '/v1/licenses', { policyId, products: [product] }), { license: {} }],
    [
      'an import',
      () =>
        call('POST', '/v1/licenses/import', {
          ...{ source: 'old_shop', sourceRef: crypto.randomUUID(), historyFrom: '2024-01-01T00:00:00Z' },
          ...{ tier: 'PRO', products: [product] },
        }),
      { license: { products: [product] } },
    ],
    ['the filter of licenses', () => call('GET', `/v1/licenses?product=${product}&limit=1`), { data: [{}] }],
    ['a validation', () => validate({ product }), { code: 'VALID' }],
    ['the features', () => byKey('GET', `features?product=${product}`), { features: [{ code }] }],
    [
      'an activation',
      () => byKey('POST', 'activate', { licenseKey, fingerprint: 'a', product }),
      { activation: { product } },
    ],
    ['a seat', () => byKey('POST', 'leases', { licenseKey, leaseHolder: 'a', product }), { lease: { product } }],
    ['the seats', () => call('GET', `/v1/licenses/${licenseId}/leases`), { data: [{ product }] }],
    [
      'a change of products',
      () => call('POST', `/v1/licenses/${licenseId}/products`, { add: [product] }),
      { license: { products: [product] } },
    ],
  ])('in %s', async (_, request, body) => {
    expect((await done(request())).body).toMatchObject(body);
  });

  test('and is not the code with an underscore', async () => {
    expect((await validate({ product: twin })).body.code).toBe('PRODUCT_NOT_LICENSED');
    expect((await call('GET', `/v1/licenses?product=${twin}`)).body.data).toEqual([]);
  });

  test.each(['-app', 'App', 'fast app', 'fast.app', 'a', `a${'-'.repeat(40)}`])('but %j is no code', async (wrong) => {
    const created = await call('POST', '/v1/products', { code: wrong, name: 'x' });
    expect([created.status, created.body.code]).toEqual([400, 'INVALID_REQUEST']);
  });
});

describe('The code of an entitlement may have capitals', () => {
  const granted = { entitlements: [{ code }] };
  test.each<readonly [string, () => Promise<Answer>, object]>([
    ['a policy', () => call('GET', `/v1/policies/${policyId}`), granted],
    ['a license', () => call('GET', `/v1/licenses/${licenseId}`), granted],
    ['a validation', () => validate({ entitlements: [code] }), { code: 'VALID', ...granted }],
    ['the features', () => byKey('GET', 'features'), { features: [{ code }] }],
    ['an issue', () => call('POST', '/v1/licenses', { policyId, ...granted }), { license: granted }],
    [
      'a grant',
      () => call('POST', `/v1/licenses/${licenseId}/entitlements`, { grant: { code: 'ExtraA1' } }),
      { license: { entitlements: [{ code }, { code: 'ExtraA1' }] } },
    ],
    [
      'a revocation',
      () => call('POST', `/v1/licenses/${licenseId}/entitlements`, { revoke: 'ExtraA1' }),
      { changed: true, license: granted },
    ],
  ])('in %s', async (_, request, body) => {
    expect((await done(request())).body).toMatchObject(body);
  });

  test('and is not the code in small letters', async () => {
    const denied = await validate({ entitlements: [twinCode] });
    expect(denied.body).toMatchObject({ code: 'ENTITLEMENT_MISSING' });
    const both = { grants: [{ code: twinCode }] };
    const grant = await done(call('POST', `/v1/licenses/${licenseId}/entitlements`, { grant: both.grants[0] }));
    expect(Object.values(grant.body.license?.entitlements ?? {}).map((each) => each.code)).toEqual([code, twinCode]);
    expect((await validate({ entitlements: [twinCode, code] })).body.code).toBe('VALID');
  });

  test.each(['1SSO', '_sso', 'SSO Login', 'SSÖ'])('but %j is no code', async (wrong) => {
    const grant = await call('POST', `/v1/licenses/${licenseId}/entitlements`, { grant: { code: wrong } });
    const scope = await validate({ entitlements: [wrong] });
    const policy = await call('POST', '/v1/policies', { name: 'x', tier: 'PRO', entitlements: [{ code: wrong }] });
    for (const { status, body } of [grant, scope, policy])
      expect([status, body.code]).toEqual([400, 'INVALID_REQUEST']);
  });
});
