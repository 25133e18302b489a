import { afterAll, beforeAll, expect, test } from 'vitest';
import { commanding, refusal } from '../api/licenses/commanding.ts';
import type { Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

let ledger: Ledger;
let api: ReturnType<typeof commanding>;
let policyId: string;
const products = ['local_cli'];
beforeAll(async () => {
  ledger = await shareLedger();
  api = commanding(ledger);
  const key = ledger.a.apiKey;
  const entitlements = [{ code: 'export', limit: 10 }, { code: 'sso' }];
  await ledger.call('POST', '/v1/products', { key, body: { code: 'local_cli', name: 'CLI' } });
  const policy = { name: 'Plan', tier: 'PRO', products, entitlements };
  policyId = String((await ledger.call('POST', '/v1/policies', { key, body: policy })).body.id);
});
afterAll(() => ledger.stop());

const issue = (body: object = {}) => ledger.issue({ tier: undefined, policyId, products, ...body });
const change = (licenseId: string, body: object) => api.post(licenseId, 'entitlements', body);
const bare = { value: null, limit: null, until: null };
const ofPlan = { ...bare, limit: 10, source: 'tier' };
const stated = { ended: false, withheld: false };

test('A feature of the plan that is granted anew is one feature in every answer, with both sources', async () => {
  const { licenseId, licenseKey } = await issue();
  const granted = { ...bare, limit: 100, source: 'grant' };
  const { body } = await change(licenseId, { grant: { code: 'export', limit: 100 } });
  const export_ = { code: 'export', ...granted, sources: [granted, ofPlan] };
  expect([body.changed, body.entitlement]).toEqual([true, export_]);
  const sso = { code: 'sso', ...bare, source: 'tier', sources: [{ ...bare, source: 'tier' }] };
  const validated = await ledger.call('POST', '/v1/licenses/validate', {
    body: { licenseKey, entitlements: ['export'] },
  });
  expect([validated.body.code, validated.body.entitlements]).toEqual(['VALID', [export_, sso]]);
  const features = await ledger.call('GET', `/v1/licenses/features?licenseId=${licenseId}`, { key: ledger.a.apiKey });
  expect(features.body.features).toEqual(validated.body.entitlements);
  const read = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey });
  expect(read.body.entitlements).toContainEqual({
    ...{ code: 'export', ...granted, ...stated },
    sources: [
      { ...granted, ...stated },
      { ...ofPlan, ...stated },
    ],
  });

  const revoked = await change(licenseId, { revoke: 'export' });
  expect([revoked.body.changed, revoked.body.entitlement]).toEqual([
    true,
    { code: 'export', ...ofPlan, sources: [ofPlan] },
  ]);
});

test('A feature of the plan cannot be revoked for one customer, but withheld from the next request on', async () => {
  const { licenseId, licenseKey } = await issue();
  const validate = async (requested: readonly string[]) =>
    (await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, entitlements: requested } })).body;
  const refused = await change(licenseId, { revoke: 'export' });
  expect(refusal(refused)).toEqual([409, 'ENTITLEMENT_FROM_POLICY']);
  expect(refused.body.detail).toContain('"withheld":true');
  for (const wrong of [{ limit: 1 }, { value: 'csv' }])
    expect(refusal(await change(licenseId, { grant: { code: 'export', withheld: true, ...wrong } }))).toEqual([
      400,
      'INVALID_REQUEST',
    ]);

  const withhold = { grant: { code: 'export', withheld: true, until: '2099-01-01T00:00:00.000Z' } };
  const withheld = await change(licenseId, withhold);
  expect([withheld.body.changed, withheld.body.entitlement]).toEqual([true, null]);
  expect((await change(licenseId, withhold)).body.changed).toBe(false);
  expect(await validate(['export', 'sso'])).toMatchObject({
    ...{ code: 'ENTITLEMENT_MISSING', missingEntitlements: ['export'], entitlements: [{ code: 'sso' }] },
  });
  const features = await ledger.call('GET', `/v1/licenses/features?licenseId=${licenseId}`, { key: ledger.a.apiKey });
  expect(features.body.features).toMatchObject([{ code: 'sso' }]);
  const read = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey });
  expect(Object.values(read.body.entitlements ?? {})).toContainEqual(
    expect.objectContaining({ code: 'export', source: 'grant', withheld: true, ended: false }),
  );

  const lifted = await change(licenseId, { revoke: 'export' });
  expect(lifted.body.entitlement).toMatchObject({ code: 'export', limit: 10, source: 'tier' });
  expect((await validate(['export'])).code).toBe('VALID');
  expect(await api.historyOf(licenseId)).toEqual(['EntitlementGranted', 'EntitlementRevoked']);
});

test('The same request sent twice, and sent by two people at once, withholds a feature once', async () => {
  const { licenseId } = await issue();
  const body = { grant: { code: 'sso', withheld: true } };
  const headers = { 'idempotency-key': crypto.randomUUID() };
  const send = () =>
    ledger.call('POST', `/v1/licenses/${licenseId}/entitlements`, { key: ledger.a.apiKey, body, headers });
  const answers = [await send(), await send()];
  expect(answers.map((answer) => answer.body.changed)).toEqual([true, true]);
  await Promise.all([change(licenseId, body), change(licenseId, body)]);
  expect(await api.historyOf(licenseId)).toEqual(['EntitlementGranted']);
  const { status, body: refused } = await ledger.call('POST', `/v1/licenses/${licenseId}/entitlements`, {
    key: ledger.b.apiKey,
    body,
  });
  expect([status, refused.code]).toEqual([404, 'LICENSE_NOT_FOUND']);
});

const bySource = (license: unknown) =>
  (license as { readonly entitlements: readonly Record<string, unknown>[] }).entitlements.map(
    ({ code, source, limit, withheld }) => [code, source, limit, withheld],
  );
const [planExport, planSso] = [
  ['export', 'tier', 10, false],
  ['sso', 'tier', null, false],
];

test.each<readonly [string, readonly object[], readonly (readonly unknown[])[], readonly string[]]>([
  ['with another feature', [{ code: 'beta' }], [planExport, planSso, ['beta', 'grant', null, false]], ['beta']],
  ['with no other feature', [], [planExport, planSso], []],
  [
    'with more of a feature of the plan',
    [{ code: 'export', limit: 100 }],
    [['export', 'grant', 100, false], planSso],
    ['export'],
  ],
  [
    'without a feature of the plan',
    [{ code: 'sso', withheld: true }],
    [planExport, ['sso', 'grant', null, true]],
    ['sso'],
  ],
])('A license that is sold %s has the features of its plan, before and after the plan is confirmed', async (...row) => {
  const [, entitlements, right, overrides] = row;
  const { licenseId } = await issue({ entitlements });
  const imported = await ledger.call('POST', '/v1/licenses/import', {
    key: ledger.a.apiKey,
    body: {
      ...{ source: 'old_shop', sourceRef: crypto.randomUUID(), historyFrom: '2024-03-01T00:00:00Z' },
      ...{ policyId, products, entitlements },
    },
  });
  expect(bySource(imported.body.license)).toEqual(right);
  const issued = await api.read(licenseId);
  expect(bySource(issued)).toEqual(right);
  expect(issued.overrides).toMatchObject({ entitlements: overrides });
  const { body } = await api.post(licenseId, 'policy', { policyId });
  expect([body.changed, bySource(body.license)]).toEqual([false, right]);
});

test('A license cannot be sold with a value for a feature that it withholds, or with a feature twice', async () => {
  const sell = (entitlements: readonly object[]) =>
    ledger.call('POST', '/v1/licenses', { key: ledger.a.apiKey, body: { policyId, products, entitlements } });
  const withheld = await sell([{ code: 'sso', withheld: true, limit: 5 }]);
  expect([withheld.status, withheld.body.errors]).toMatchObject([400, [{ pointer: '/entitlements/0/limit' }]]);
  const twice = await sell([{ code: 'sso' }, { code: 'sso', withheld: true }]);
  expect([twice.status, twice.body.errors]).toMatchObject([400, [{ pointer: '/entitlements' }]]);
});
