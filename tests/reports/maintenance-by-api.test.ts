import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger, TestOrganization } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
  for (const vendor of [ledger.a, ledger.b])
    for (const code of ['editor', 'server']) await call(vendor, 'POST', '/v1/products', { code, name: code });
});
afterAll(() => ledger.stop());

const call = (vendor: TestOrganization, method: string, path: string, body?: object, headers = {}) =>
  ledger.call(method, path, { key: vendor.apiKey, headers, ...(body === undefined ? {} : { body }) });
const publish = async (
  version: string,
  releasedAt: string,
  more: object = {},
  vendor = ledger.a,
  product = 'editor',
) => {
  const answer = await call(vendor, 'POST', `/v1/products/${product}/releases`, { version, releasedAt, ...more });
  expect(answer.status, answer.text).toBe(201);
  await ledger.projected.waitFor(BigInt(answer.headers.get('ledger-position') ?? 0), 10_000);
  return answer.body;
};
const maintained = async (fields: object = {}, vendor = ledger.a) =>
  ledger.issue({ products: ['editor'], maintenanceUntil: '2026-06-01T00:00:00.000Z', ...fields }, vendor);
const validate = async (licenseKey: string, version: unknown, product: string | null = 'editor') => {
  const body = { licenseKey, version, ...(product === null ? {} : { product }) };
  const { body: answer } = await ledger.call('POST', '/v1/licenses/validate', { body });
  return [answer.code, answer.newestEntitledRelease === null ? null : answer.newestEntitledRelease?.version];
};

describe('A license with maintenance', () => {
  let key = '';
  beforeAll(async () => {
    await publish('1.9.0', '2026-01-10T00:00:00.000Z');
    await publish('2.0.0', '2026-05-31T23:59:59.999Z');
    await publish('1.9.1', '2026-05-31T00:00:00.000Z');
    await publish('2.0.1', '2026-06-01T00:00:00.000Z');
    await publish('2.1.0-beta.2', '2026-05-01T00:00:00.000Z', { channel: 'beta' });
    await publish('2.1.0-beta.10', '2026-05-02T00:00:00.000Z', { channel: 'beta' });
    await publish('2.1.0-rc.1', '2026-07-01T00:00:00.000Z', { channel: 'beta' });
    await publish('1.0.0', '2099-01-01T00:00:00.000Z');
    await publish('9.0.0', '2026-01-01T00:00:00.000Z', {}, ledger.a, 'server');
    await publish('2.0.1', '2026-01-01T00:00:00.000Z', {}, ledger.b);
    key = (await maintained()).licenseKey;
  });

  test.each<[what: string, version: unknown, code: string, newest: string | null]>([
    ['covers a release from before its end', '2.0.0', 'VALID', null],
    ['covers it in another spelling', 'v2.0', 'VALID', null],
    ['does not cover the release of its end', '2.0.1', 'VERSION_NOT_ENTITLED', '2.0.0'],
    ['does not cover it with a build', '2.0.1+linux.7', 'VERSION_NOT_ENTITLED', '2.0.0'],
    [
      'believes the catalog, not an earlier date of the client',
      at('2.0.1', '2020-01-01'),
      'VERSION_NOT_ENTITLED',
      '2.0.0',
    ],
    ['believes the catalog, not a later date of the client', at('2.0.0', '2027-01-01'), 'VALID', null],
    ['believes the client about an unlisted version', at('2.0.5', '2026-07-01'), 'VERSION_NOT_ENTITLED', '2.0.0'],
    ['covers an unlisted version from before its end', at('2.0.5', '2026-05-01'), 'VALID', null],
    ['covers an unlisted version without a date', '2.0.5', 'VALID', null],
    ['recommends a preview to a client with a preview', '2.1.0-rc.1', 'VERSION_NOT_ENTITLED', '2.1.0-beta.10'],
  ])('%s', async (_, version, code, newest) => expect(await validate(key, version)).toEqual([code, newest]));

  test('needs no name of its only product, and none of its products can hide a late release', async () => {
    expect(await validate(key, '2.0.1', null)).toEqual(['VERSION_NOT_ENTITLED', '2.0.0']);
    const { licenseKey } = await maintained({ products: ['editor', 'server'] });
    await publish('2.0.1', '2026-01-01T00:00:00.000Z', {}, ledger.a, 'server');
    expect(await validate(licenseKey, '2.0.1', null)).toEqual(['VERSION_NOT_ENTITLED', null]);
    expect(await validate(licenseKey, '2.0.1', 'server')).toEqual(['VALID', null]);
    expect(await validate(licenseKey, '2.0.1', 'editor')).toEqual(['VERSION_NOT_ENTITLED', '2.0.0']);
  });

  test('of another vendor knows nothing of these releases', async () => {
    const { licenseKey } = await maintained({}, ledger.b);
    expect(await validate(licenseKey, '2.0.1')).toEqual(['VALID', null]);
    expect(await validate(licenseKey, at('3.0.0', '2026-07-01'))).toEqual(['VERSION_NOT_ENTITLED', '2.0.1']);
    expect((await call(ledger.b, 'GET', '/v1/products/editor/releases/2.0.0')).status).toBe(404);
  });

  test('activates a device with a covered version only, and says which one it covers', async () => {
    const activate = (appVersion: string) =>
      ledger.call('POST', '/v1/licenses/activate', {
        body: { licenseKey: key, fingerprint: `with ${appVersion}`, product: 'editor', appVersion },
      });
    const refused = await activate('2.0.1');
    expect([refused.status, refused.body.code]).toEqual([409, 'VERSION_NOT_ENTITLED']);
    expect(refused.body.newestEntitledRelease).toMatchObject({ version: '2.0.0', channel: 'stable' });
    for (const covered of ['2.0.0', 'unlisted build 7']) expect((await activate(covered)).status).toBe(201);
  });

  test('covers a release that was withdrawn and published with the right date', async () => {
    await publish('3.0.0', '2026-08-01T00:00:00.000Z');
    expect((await validate(key, '3.0.0'))[0]).toBe('VERSION_NOT_ENTITLED');
    await call(ledger.a, 'DELETE', '/v1/products/editor/releases/v3');
    await publish('3.0.0', '2026-04-01T00:00:00.000Z', { channel: 'lts' });
    expect(await validate(key, '3.0.0')).toEqual(['VALID', null]);
    const { body } = await call(ledger.a, 'GET', '/v1/products/editor/releases/3.0.0');
    expect(body).toMatchObject({ channel: 'lts', withdrawnAt: null, releasedAt: '2026-04-01T00:00:00.000Z' });
  });
});

test('An expired license with perpetual fallback names the newest version that it may run, within its bounds', async () => {
  const policy = await call(ledger.a, 'POST', '/v1/policies', {
    ...{
      name: 'Fallback',
      tier: 'PRO',
      products: ['editor'],
      expiryStrategy: 'MAINTAIN',
      versions: { below: '2.0.0' },
    },
  });
  expect(policy.body).toMatchObject({ releasedAtRequired: true });
  const { licenseKey } = await ledger.issue({ tier: undefined, products: undefined, policyId: policy.body.id });
  expect(await validate(licenseKey, '1.9.1')).toEqual(['VALID', null]);
  expect(await validate(licenseKey, '2.0.0')).toEqual(['VERSION_NOT_ENTITLED', '1.9.1']);
  expect((await validate(licenseKey, '1.9.7'))[0]).toBe('VERSION_SCOPE_REQUIRED');
});

describe('The releases of a product', () => {
  const path = '/v1/products/app/releases';
  const stable = { releasedAt: '2026-01-01T00:00:00.000Z' };
  beforeAll(() => call(ledger.a, 'POST', '/v1/products', { code: 'app', name: 'App' }));

  test('are published once, however often and at once a build server repeats itself', async () => {
    const again = await Promise.all(
      ['1.0.0', 'v1.0.0', '1.0'].map((version) => call(ledger.a, 'POST', path, { version, ...stable })),
    );
    expect(again.map(({ status }) => status).toSorted()).toEqual([200, 200, 201]);
    expect(again.filter(({ body }) => body.changed)).toHaveLength(1);
    const key = { 'idempotency-key': crypto.randomUUID() };
    const keyed = [1, 2].map(() => call(ledger.a, 'POST', path, { version: '1.1.0' }, key));
    const [one, other] = await Promise.all(keyed);
    const statuses = [one?.status, other?.status].toSorted();
    expect([
      [201, 201],
      [201, 409],
    ]).toContainEqual(statuses);
    expect((await call(ledger.a, 'POST', path, { version: '1.1.0' }, key)).status).toBe(201);
    const refused = await call(ledger.a, 'POST', path, { version: '1.0.0', ...stable, channel: 'beta' });
    expect([refused.status, refused.body.code]).toEqual([409, 'RELEASE_EXISTS']);
  });

  test('are refused for an unknown product, a bad version, a bad channel and an old revision', async () => {
    const refusals = await Promise.all([
      call(ledger.a, 'POST', '/v1/products/unknown/releases', { version: '1.0.0' }),
      call(ledger.a, 'GET', '/v1/products/unknown/releases'),
      call(ledger.a, 'POST', path, { version: 'latest' }),
      call(ledger.a, 'POST', path, { version: '5.0.0', channel: 'No Channel' }),
      call(ledger.a, 'DELETE', `${path}/7.7.7`),
      call(ledger.a, 'POST', path, { version: '5.0.0' }, { 'if-match': '"0"' }),
    ]);
    expect(refusals.map(({ status }) => status)).toEqual([404, 404, 400, 400, 404, 412]);
  });

  test('come in pages by their date, the last released first, of all channels or of one', async () => {
    const code = 'paged';
    await call(ledger.a, 'POST', '/v1/products', { code, name: code });
    const days = ['03', '01', '02', '02', '05'];
    for (const [index, day] of days.entries()) {
      const channel = index === 4 ? 'beta' : 'stable';
      await publish(`1.${index + 7}.0`, `2026-01-${day}T00:00:00.000Z`, { channel }, ledger.a, code);
    }
    const versions: unknown[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const page = await call(ledger.a, 'GET', `/v1/products/${code}/releases?limit=2${next}`);
      versions.push(...Object.values(page.body.data ?? {}).map(({ version }) => version));
      next = page.body.nextCursor === null ? null : `&cursor=${page.body.nextCursor}`;
    }
    expect(versions).toEqual(['1.11.0', '1.7.0', '1.10.0', '1.9.0', '1.8.0']);
    await call(ledger.a, 'DELETE', `/v1/products/${code}/releases/1.8.0`);
    const again = await call(ledger.a, 'DELETE', `/v1/products/${code}/releases/1.8.0`);
    expect([again.status, again.body.changed]).toEqual([200, false]);
    const countOf = async (filter: string) =>
      Object.keys((await call(ledger.a, 'GET', `/v1/products/${code}/releases?${filter}`)).body.data ?? {}).length;
    await ledger.projected.waitFor(BigInt(again.headers.get('ledger-position') ?? 0), 10_000);
    expect([await countOf('channel=beta'), await countOf('withdrawn=true'), await countOf('withdrawn=false')]).toEqual([
      1, 1, 4,
    ]);
  });
});

function at(number: string, day: string) {
  return { number, releasedAt: `${day}T00:00:00.000Z` };
}

test('A customer who buys after a trial gets the new releases, and the preview of the purchase says so', async () => {
  const policyOf = async (fields: object) =>
    (await call(ledger.a, 'POST', '/v1/policies', { tier: 'PRO', products: ['editor'], ...fields })).body.id;
  const tried = await policyOf({ name: 'Try it', tier: 'TRIAL', type: 'TRIAL', maintenance: 'TERM' });
  const paid = await policyOf({ name: 'Paid' });
  const trial = { tier: undefined, products: undefined, policyId: tried, term: { duration: 'P14D' } };
  const [license, other] = [
    await ledger.issue(trial),
    await ledger.issue({ ...trial, maintenanceUntil: '2026-06-01T00:00:00.000Z' }),
  ];
  const release = at('7.0.0', '2099-01-01');
  expect((await validate(license.licenseKey, release))[0]).toBe('VERSION_NOT_ENTITLED');
  const convert = async (id: string, query = '') => {
    const body = { policyId: paid, term: { duration: 'P1Y' }, billingRef: `in_${id}`, confirm: true };
    return (await call(ledger.a, 'POST', `/v1/licenses/${id}/convert${query}`, body)).body;
  };
  const preview = await convert(license.licenseId, '?preview=true');
  expect(preview).toMatchObject({
    before: { maintenanceUntil: expect.any(String) },
    after: { maintenanceUntil: null },
  });
  expect(await convert(license.licenseId)).toMatchObject({ changed: true, license: { maintenanceUntil: null } });
  expect((await validate(license.licenseKey, release))[0]).toBe('VALID');
  expect(await convert(other.licenseId)).toMatchObject({ license: { maintenanceUntil: '2026-06-01T00:00:00.000Z' } });
  expect((await validate(other.licenseKey, release))[0]).toBe('VERSION_NOT_ENTITLED');
});

test('Maintenance renews with the term by the policy, is sold alone, and the past shows what it was', async () => {
  const policy = await call(ledger.a, 'POST', '/v1/policies', {
    ...{ name: 'With updates', tier: 'PRO', products: ['editor'], maintenance: 'TERM' },
  });
  expect(policy.body).toMatchObject({ maintenance: 'TERM' });
  const term = { expiresAt: '2030-01-01T00:00:00.000Z' };
  const { licenseId } = await ledger.issue({ tier: undefined, products: undefined, policyId: policy.body.id, term });
  const send = async (verb: string, body: object, key = {}) => {
    const { status, body: answer } = await call(ledger.a, 'POST', `/v1/licenses/${licenseId}/${verb}`, body, key);
    return [status, answer.changed, answer.license?.maintenanceUntil];
  };
  expect(await send('renew', { expiresAt: '2031-01-01T00:00:00.000Z' })).toEqual([
    200,
    true,
    '2031-01-01T00:00:00.000Z',
  ]);
  const between = new Date().toISOString();
  const sale = { to: '2035-01-01T00:00:00.000Z', reason: { code: 'SOLD' } };
  const key = { 'idempotency-key': crypto.randomUUID() };
  const sales = await Promise.all([send('maintenance', sale, key), send('maintenance', sale)]);
  expect(sales.map(([status]) => status)).toEqual([200, 200]);
  expect(sales.filter(([, changed]) => Boolean(changed))).toHaveLength(1);
  expect(await send('expiry', { to: '2032-01-01T00:00:00.000Z', reason: { code: 'GOODWILL' } })).toEqual([
    ...[200, true, '2035-01-01T00:00:00.000Z'],
  ]);
  const past = await call(ledger.a, 'GET', `/v1/licenses/${licenseId}?asOf=${between}`);
  expect(past.body.maintenanceUntil).toBe('2031-01-01T00:00:00.000Z');
  const { body } = await call(ledger.b, 'POST', `/v1/licenses/${licenseId}/maintenance`, sale);
  expect(body.code).toBe('LICENSE_NOT_FOUND');
});
