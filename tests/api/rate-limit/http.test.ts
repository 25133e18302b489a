import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPlatformLicenseOf, tierOf } from '../../../src/application/organizations/platform-license.ts';
import { formatLicenseKey, generateLicenseKeyBody } from '../../../src/identity/license-key.ts';
import { type Answer, type Ledger, startLedger, type TestOrganization } from '../../support/ledger.ts';
import { limitedFront } from '../../support/limits.ts';

// Every quota is small, every window so long that no test sees its end. The vendor A is the platform.
const minuteAndHour = 'free=12/3600,free_hour=15/7200,pro=17/3600,enterprise=50/3600';
const others = 'validate=5/3600,activate=4/3600,unknown_key=3/3600,seat_acquire=2/3600';
// Small, so that the quotas do not grow with it.
const small = { limits: { activations: 1 } };
const page = 'https://app.example.com';
let ledger: Ledger;
let anyLicense: { licenseId: string; licenseKey: string };
beforeAll(async () => {
  const platformLicense = (organizationId: string) =>
    organizationId === ledger.a.organizationId
      ? Promise.resolve({ tier: 'ENTERPRISE' as const, entitlements: [] })
      : createPlatformLicenseOf({
          pool: ledger.database.api,
          platformOrgId: ledger.a.organizationId,
          now: ledger.needs.now,
        })(organizationId);
  ledger = await startLedger({
    frontOf: limitedFront(
      `${minuteAndHour},${others}`,
      { trustProxy: 1, corsOrigins: [page] },
      async (organizationId) => tierOf(await platformLicense(organizationId), 'FREE'),
    ),
  });
  anyLicense = await ledger.issue();
});
afterAll(() => ledger.stop());

const addresses = Array.from({ length: 200 }, (_, index) => `198.51.100.${index + 1}`).values();
/** An address that nobody has used yet. */
const stranger = () => ({ 'x-forwarded-for': String(addresses.next().value) });
const untilRefused = async (ask: (index: number) => Promise<Answer>, max = 60) => {
  const answers: Answer[] = [];
  while (answers.length < max && answers.at(-1)?.status !== 429) answers.push(await ask(answers.length));
  return { allowed: answers.slice(0, -1), refusal: answers.at(-1) as Answer };
};
const remaining = ({ headers }: Answer, name: string) =>
  Number(new RegExp(`"${name}";r=(\\d+);t=\\d+`).exec(headers.get('ratelimit') ?? '')?.[1] ?? Number.NaN);
const expectRefusedBy = ({ status, headers, body }: Answer, name: string, quota: number, seconds = 3_600) => {
  expect([status, body.code]).toEqual([429, 'RATE_LIMITED']);
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(body).toMatchObject({ type: '/problems#rate-limited', status: 429, requestId: headers.get('x-request-id') });
  expect(headers.get('ratelimit-policy')).toContain(`"${name}";q=${quota};w=${seconds}`);
  expect(headers.get('ratelimit')).toMatch(new RegExp(`"${name}";r=0;t=\\d+`));
  const retryAfter = Number(headers.get('retry-after'));
  expect(retryAfter).toBeGreaterThan(0);
  expect(retryAfter).toBeLessThanOrEqual(seconds);
  expect(String(body.detail)).toBe(
    `The limit ${name} of ${quota} in ${seconds} seconds is used up. Try again in ${retryAfter} seconds.`,
  );
};
const unknownKey = () => formatLicenseKey('LL', generateLicenseKeyBody());
const explain = (body: object, headers: Record<string, string>) =>
  ledger.call('POST', '/v1/licenses/explain-validation', { key: ledger.a.apiKey, body, headers });
const validate = (licenseKey: string, headers: Record<string, string> = {}) =>
  ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey }, headers });

describe('The credentials of an organization', () => {
  const list = (organization: TestOrganization) => ledger.call('GET', '/v1/licenses', { key: organization.apiKey });
  const issueTo = async (holder: TestOrganization, tier: string) => {
    await ledger.issue({ tier, holderOrganizationId: holder.organizationId });
    return holder;
  };

  test.each([
    ['FREE', 'free', 12],
    ['TRIAL', 'pro', 17],
    ['PRO', 'pro', 17],
    ['ENTERPRISE', 'enterprise', 50],
  ])('of tier %s have the limits %s', async (tier, name, quota) => {
    const holder = await ledger.createVendor(`Holder of ${tier}`);
    await issueTo(holder, tier);
    const { allowed, refusal } = await untilRefused(() => list(holder));
    expect(allowed).toHaveLength(quota);
    expect(allowed.map((answer) => remaining(answer, name))).toEqual(
      Array.from({ length: quota }, (_, index) => quota - 1 - index),
    );
    for (const { headers } of allowed)
      expect(headers.get('ratelimit-policy')).toMatch(/^"\w+";q=\d+;w=\d+(, "\w+";q=\d+;w=\d+){2}$/);
    expectRefusedBy(refusal, name, quota);
  });

  test('are counted together for all keys and requests, also forbidden ones', async () => {
    const one = await ledger.createVendor('With two keys');
    const other = await ledger.createKey(one.organizationId, ['licenses:read']);
    const asks = [
      () => ledger.call('GET', '/v1/licenses', { key: one.apiKey }),
      () => ledger.call('GET', '/v1/licenses?limit=0', { key: other.apiKey }),
      () => ledger.call('POST', '/v1/licenses', { key: other.apiKey, body: {} }),
      () =>
        ledger.call('POST', '/v1/licenses/validate', { key: one.apiKey, body: { licenseId: anyLicense.licenseId } }),
    ];
    const { allowed, refusal } = await untilRefused((index) => asks[index % asks.length]?.() ?? list(one));
    expect(allowed.slice(0, 4).map(({ status }) => status)).toEqual([200, 400, 403, 200]);
    expect(allowed).toHaveLength(12);
    expectRefusedBy(refusal, 'free', 12);
    expectRefusedBy(await ledger.call('GET', '/v1/licenses', { key: other.apiKey }), 'free', 12);
    // A refusal by limit is logged for the organization that it concerns.
    expect(JSON.parse(ledger.logged.at(-1) ?? '')).toMatchObject({ tenant: one.organizationId, status: 429 });
  });

  test('of another organization are counted separately', async () => {
    const [busy, quiet] = [await ledger.createVendor('Busy'), await ledger.createVendor('Quiet')];
    await untilRefused(() => list(busy));
    expect((await list(quiet)).status).toBe(200);
  });
});

describe('A license key', () => {
  test('is validated up to its quota from all addresses and in all notations', async () => {
    const { licenseKey } = await ledger.issue(small);
    const spellings = [
      licenseKey,
      licenseKey.toLowerCase(),
      licenseKey.replaceAll('-', ' '),
      licenseKey.slice(3).replaceAll('-', '\u{2011}'),
      `\u{201C}${licenseKey.replaceAll('-', '\u{200B}')}\u{201D}.\n`,
    ];
    const { allowed, refusal } = await untilRefused((index) => validate(spellings[index % 5] ?? '', stranger()));
    expect(allowed.map((answer) => [answer.body.valid, remaining(answer, 'validate')])).toEqual(
      [4, 3, 2, 1, 0].map((left) => [true, left]),
    );
    expectRefusedBy(refusal, 'validate', 5);
    expect((await validate(anyLicense.licenseKey)).status).toBe(200);
  });

  test('is not counted for its organization', async () => {
    const statuses = new Set<number>();
    for (let license = 0; license < 5; license += 1) {
      const { licenseKey } = await ledger.issue();
      for (let time = 0; time < 5; time += 1) statuses.add((await validate(licenseKey)).status);
    }
    expect([...statuses]).toEqual([200]);
  });

  test('activates every device that its license allows, and a used-up key does not stop an API key', async () => {
    const { licenseKey, licenseId } = await ledger.issue({ limits: { activations: 7 } });
    const byKey = (device: number) =>
      ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: `device-${device}` } });
    const { allowed, refusal } = await untilRefused(byKey);
    expect(allowed.map(({ status }) => status)).toEqual(Array<number>(7).fill(201));
    expectRefusedBy(refusal, 'activate', 7);
    const body = { licenseId, fingerprint: 'device-0' };
    const byId = await ledger.call('POST', '/v1/licenses/activate', { key: ledger.a.apiKey, body });
    expect([byId.status, byId.headers.get('ratelimit-policy')]).toEqual([200, expect.stringMatching(/^"enterprise"/)]);
    expect(byId.headers.get('ratelimit')).not.toContain('activate');
  });

  test('that no longer works does not show the size of its license by its quota', async () => {
    const { licenseKey, licenseId } = await ledger.issue({ limits: { activations: 100 } });
    await ledger.call('POST', `/v1/licenses/${licenseId}/rotate-key`, { key: ledger.a.apiKey, body: {} });
    const old = await validate(licenseKey);
    expect([old.body.code, remaining(old, 'validate')]).toEqual(['KEY_ROTATED', 4]);
  });

  test('has a larger quota within seconds after the limit of its license was raised', async () => {
    const { licenseKey, licenseId } = await ledger.issue(small);
    expectRefusedBy((await untilRefused(() => validate(licenseKey))).refusal, 'validate', 5);
    const raised = { limits: { activations: 100 } };
    const changed = await ledger.call('POST', `/v1/licenses/${licenseId}/limits`, {
      key: ledger.a.apiKey,
      body: raised,
    });
    expect(changed.status).toBe(200);
    ledger.clock.aheadMs = 11_000;
    const again = await validate(licenseKey);
    ledger.clock.aheadMs = 0;
    expect([again.status, remaining(again, 'validate')]).toEqual([200, 194]);
  });

  test('of a license with an unlimited limit has the quota of 1,000 devices', async () => {
    const { licenseKey } = await ledger.issue({ limits: { activations: 1, seats: 'unlimited' } });
    expect(remaining(await validate(licenseKey), 'validate')).toBe(1_999);
  });

  test('that was rotated is limited too, and takes nothing from the new key', async () => {
    const { licenseKey, licenseId } = await ledger.issue(small);
    const path = `/v1/licenses/${licenseId}/rotate-key`;
    const rotated = await ledger.call('POST', path, { key: ledger.a.apiKey, body: {} });
    const activate = (key: string) =>
      ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey: key, fingerprint: 'one' } });
    const { allowed, refusal } = await untilRefused(() => activate(licenseKey));
    expect(allowed.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expectRefusedBy(refusal, 'activate', 4);
    expect((await activate(String(rotated.body.licenseKey))).status).toBe(201);
  });
});

test('A license accepts requests for seats up to its quota, successful or not', async () => {
  const { licenseKey } = await ledger.issue({ limits: { activations: 1, seats: 1 } });
  const acquire = (holder: number) =>
    ledger.call('POST', '/v1/licenses/leases', { body: { licenseKey, leaseHolder: `holder-${holder}` } });
  const { allowed, refusal } = await untilRefused(acquire);
  expect(allowed.map(({ status }) => status)).toEqual([201, 409]);
  expectRefusedBy(refusal, 'seat_acquire', 2);
});

describe('An address', () => {
  test('may try a few unknown license keys, and known ones still work afterwards', async () => {
    const headers = stranger();
    const { allowed, refusal } = await untilRefused(() => validate(unknownKey(), headers));
    expect(allowed.map(({ body }) => body.code)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']);
    expectRefusedBy(refusal, 'unknown_key', 3);
    const activate = { licenseKey: unknownKey(), fingerprint: 'x' };
    expectRefusedBy(await ledger.call('POST', '/v1/licenses/activate', { body: activate, headers }), 'unknown_key', 3);
    const explained = await explain({ licenseKey: unknownKey() }, headers);
    expect(explained.headers.get('ratelimit')).toContain('"unknown_key";r=0');
    expect([explained.status, explained.body.code]).toEqual([429, 'RATE_LIMITED']);
    expect((await explain({ licenseId: 'lic_01h455vb4pex5vsknk084sn02q' }, headers)).status).toBe(200);
    const { licenseKey } = await ledger.issue();
    expect((await validate(licenseKey, headers)).body.valid).toBe(true);
    expect((await explain({ licenseKey }, headers)).body.valid).toBe(true);
    expect((await validate(unknownKey(), stranger())).status).toBe(200);
  });

  test('may try a few unknown API keys and tokens, counted with its unknown license keys', async () => {
    const headers = stranger();
    const asks = [`${ledger.a.apiKey.slice(0, -1)}!`, 'not.a.token', `${ledger.b.apiKey}x`];
    for (const key of asks) expect((await ledger.call('GET', '/v1/licenses', { key, headers })).status).toBe(401);
    expectRefusedBy(await ledger.call('GET', '/v1/licenses', { key: asks[0], headers }), 'unknown_key', 3);
    expectRefusedBy(await validate(unknownKey(), headers), 'unknown_key', 3);
    // Nothing sent is nothing tried.
    expect((await ledger.call('GET', '/v1/licenses', { headers })).status).toBe(401);
  });

  test('is the one that our proxy names, not the client, and IPv6 counts by /64', async () => {
    const forged = (index: number) => ({ 'x-forwarded-for': `10.9.8.${index}, 203.0.113.77` });
    const { refusal } = await untilRefused((index) => validate(unknownKey(), forged(index)));
    expectRefusedBy(refusal, 'unknown_key', 3);
    const neighbours = (index: number) => ({ 'x-forwarded-for': `2001:db8:7:7::${index + 1}` });
    const { allowed } = await untilRefused((index) => validate(unknownKey(), neighbours(index)));
    expect(allowed).toHaveLength(3);
  });
});

test('Every limited answer has the headers of limits, and an unlimited one has none', async () => {
  for (const path of ['/livez', '/readyz', '/version', '/openapi.json', '/problems', '/nothing'])
    expect((await ledger.call('GET', path)).headers.get('ratelimit')).toBeNull();
  const holder = await ledger.createVendor('Of every answer');
  const answers = [
    await ledger.call('GET', '/v1/licenses', { key: holder.apiKey }),
    await ledger.call('GET', `/v1/licenses/${anyLicense.licenseId}`, { key: holder.apiKey }),
    await ledger.call('POST', '/v1/licenses', { key: holder.apiKey, body: '{' }),
    await ledger.call('POST', '/v1/licenses', { key: holder.apiKey, body: 'x', headers: { 'content-type': 'a/b' } }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 400, 415]);
  for (const answer of answers) expect(answer.headers.get('ratelimit')).toMatch(/^"free";r=\d+;t=\d+, "free_hour"/);
});

test('A page of a configured origin can read its limits, and preflights are not counted', async () => {
  const holder = await ledger.createVendor('With a page');
  const preflight = () =>
    ledger.call('OPTIONS', '/v1/licenses', { headers: { origin: page, 'access-control-request-method': 'GET' } });
  for (let time = 0; time < 20; time += 1) expect((await preflight()).status).toBe(204);
  const list = () => ledger.call('GET', '/v1/licenses', { key: holder.apiKey, headers: { origin: page } });
  const { allowed, refusal } = await untilRefused(list);
  expect(allowed).toHaveLength(12);
  expectRefusedBy(refusal, 'free', 12);
  for (const { headers } of [...allowed, refusal]) {
    expect(headers.get('access-control-allow-origin')).toBe(page);
    expect(headers.get('access-control-expose-headers')?.split(',')).toEqual(
      expect.arrayContaining(['RateLimit', 'RateLimit-Policy', 'Retry-After']),
    );
  }
  const foreign = await ledger.call('GET', '/v1/licenses', { headers: { origin: 'https://evil.example' } });
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
});

test('Metrics count refusals by the name of the limit', async () => {
  const { licenseKey } = await ledger.issue(small);
  const count = async () =>
    Number(
      /ledger_rate_limited_total\{limit="validate"\} (\d+)/.exec(await ledger.metrics.registry.metrics())?.[1] ?? 0,
    );
  const before = await count();
  await untilRefused(() => validate(licenseKey));
  expect(await count()).toBe(before + 1);
});
