import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatLicenseKey, generateLicenseKeyBody } from '../../../src/identity/license-key.ts';
import { issueDirectly, sendTo } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { testHash } from '../../support/license-fixtures.ts';
import { clientOf, close } from './client.ts';

let ledger: Ledger;
let client: ReturnType<typeof clientOf>;
beforeAll(async () => {
  ledger = await startLedger();
  client = clientOf(ledger);
});
afterAll(() => ledger.stop());

type Fields = Readonly<Record<string, unknown>>;
type Step = {
  readonly code: string;
  readonly action: string;
  readonly operationId: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly body: Fields | null;
  readonly fromRequest: readonly string[];
  readonly choose: { readonly count: number; readonly ids: readonly string[] } | null;
  readonly send: Fields | null;
  readonly omit: readonly string[];
};
type Explanation = Fields & {
  readonly rules: readonly { readonly code: string; readonly outcome: string; readonly why: string | null }[];
  readonly repairs: readonly (Step & { readonly alternatives: readonly Step[] })[];
};

// Each request sees the changes of those before it.
let position = '0';
const call = async (method: string, path: string, body: object, key = ledger.a.apiKey) => {
  const answer = await ledger.call(method, path, { key, body, headers: { 'ledger-min-position': position } });
  const written = answer.headers.get('ledger-position');
  if (written !== null && BigInt(written) > BigInt(position)) position = written;
  return answer;
};
const explain = async (fields: object, key = ledger.a.apiKey): Promise<Explanation> => {
  const { status, body } = await call('POST', '/v1/licenses/explain-validation', fields, key);
  expect(status).toBe(200);
  return body as unknown as Explanation;
};
/** What the application knows and the explanation does not. */
const known: Fields = {
  fingerprint: 'at-hand',
  user: 'ada',
  leaseHolder: 'holder',
  environment: 'production',
  components: { disk: 'd1', board: 'b1' },
};

/** Carries out each step as the answer says, and returns what the last validation must send. */
const carryOut = async (steps: readonly Step[], request: Fields): Promise<Fields> => {
  let current = request;
  for (const { action, method, path, body, fromRequest, choose, send, omit } of steps) {
    if (send !== null) {
      const sent = Object.entries(send).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.at(-1) : (value ?? known[name]),
      ]);
      const left = Object.entries(current).filter(([name]) => !omit.includes(name));
      current = { ...Object.fromEntries(left), ...Object.fromEntries(sent) };
    }
    if (method === null || path === null) continue;
    const members = Object.entries(current).filter(([name]) => fromRequest.includes(name));
    for (const id of choose?.ids.slice(-choose.count) ?? ['']) {
      const done = await call(method, path.replace('{id}', id), { ...body, ...Object.fromEntries(members) });
      expect([action, done.status < 300 ? '' : done.text]).toEqual([action, '']);
    }
  }
  return current;
};

const failedIn = ({ rules }: Explanation) =>
  rules.filter(({ outcome }) => outcome === 'FAILED').map(({ code }) => code);

describe('An explanation of a validation', () => {
  test('has every rule with its inputs, in the order of precedence, and no key, fingerprint, user or holder', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger, { limits: { meters: { builds: 1 } } });
    const request = { fingerprint: 'secret-device', user: 'secret-user', leaseHolder: 'secret-holder' };
    const answer = await explain({ licenseKey, ...request, version: '1.0.0', product: 'local_cli' });
    expect(answer).toMatchObject({ valid: false, code: 'USER_NOT_ASSIGNED', licenseId, status: 'ACTIVE' });
    expect(answer.reasons).toEqual(['USER_NOT_ASSIGNED', 'NOT_ACTIVATED', 'NO_LEASE']);
    expect(failedIn(answer)).toEqual(answer.reasons);
    expect(answer.rules.slice(0, 3).map(({ code }) => code)).toEqual(['NOT_FOUND', 'KEY_ROTATED', 'TENANT_SUSPENDED']);
    const ruleOf = (code: string) => answer.rules.find((rule) => rule.code === code);
    expect(ruleOf('PRODUCT_NOT_LICENSED')).toMatchObject({
      outcome: 'PASSED',
      why: null,
      inputs: { product: 'local_cli', products: ['local_cli', 'cloud_ide'] },
    });
    expect(ruleOf('QUOTA_EXCEEDED')).toMatchObject({ outcome: 'NOT_APPLICABLE', why: 'NOT_NAMED' });
    expect(ruleOf('VALID_OVERAGE')).toMatchObject({ outcome: 'NOT_APPLICABLE', why: 'BLOCKED' });
    const text = JSON.stringify(answer);
    for (const value of [licenseKey, licenseKey.slice(3, 14), ...Object.values(request)])
      expect(text).not.toContain(value);
  });

  test('agrees with a validation, also of a rotated key, where it says what else is wrong', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger);
    const key = { keyHash: testHash(licenseId), secretId: 'secret-1', hint: 'ABCDE' };
    await sendTo(ledger, licenseId, { type: 'RotateKey', data: { ...key, overlapSeconds: 0, cause: 'ROUTINE' } });
    await sendTo(ledger, licenseId, { type: 'Suspend', data: { reasonCode: 'FRAUD', until: null } });
    const { body } = await client.post('validate', licenseKey);
    const answer = await explain({ licenseKey });
    expect(answer).toMatchObject({ valid: false, code: body.code, reasons: ['KEY_ROTATED'] });
    expect(failedIn(answer)).toEqual(['KEY_ROTATED', 'SUSPENDED']);
    expect(answer.repairs).toMatchObject([{ action: 'SEND', send: { licenseKey: null } }, { action: 'REINSTATE' }]);
  });

  test.each<[string, Parameters<typeof issueDirectly>[1], Fields, (licenseId: string) => Promise<unknown>]>([
    ['a suspension', {}, {}, (id) => call('POST', `/v1/licenses/${id}/suspend`, { reason: { code: 'FRAUD' } })],
    ['a product', { products: ['local_cli'] }, { product: 'cloud_ide' }, async () => {}],
    ['entitlements and a quota', {}, { entitlements: ['export', 'sso'], meters: ['builds'] }, async () => {}],
    ['a user without a free place', { limits: { users: 0 } }, { user: 'ada' }, async () => {}],
    [
      'a seat without a free place',
      { limits: { seats: 1 }, policy: { leaseRequired: true } },
      {},
      (licenseId) => call('POST', '/v1/licenses/leases', { licenseId, leaseHolder: 'other' }),
    ],
    [
      'a device without a free place',
      { limits: { activations: 2 } },
      { fingerprint: 'three' },
      async (licenseId) => {
        for (const fingerprint of ['one', 'two'])
          await call('POST', '/v1/licenses/activate', { licenseId, fingerprint });
      },
    ],
    [
      'missing scopes',
      {
        policy: { productRequired: true, fingerprintRequired: true, userRequired: true, environmentRequired: true },
      },
      {},
      async () => {},
    ],
    ['a version', { policy: { versions: { from: '1.0.0', below: '2.0.0' } } }, { version: '2.1.0' }, async () => {}],
    [
      'components',
      { policy: { componentCheck: 'ALL' } },
      { fingerprint: 'at-hand' },
      (licenseId) =>
        call('POST', '/v1/licenses/activate', {
          licenseId,
          fingerprint: 'at-hand',
          components: known.components as object,
        }),
    ],
    ['a first activation', { term: { kind: 'firstActivation', duration: 'P1Y' } }, {}, async () => {}],
    ['a first validation', { term: { kind: 'firstValidation', duration: 'P1Y' } }, {}, async () => {}],
  ])('has repairs for %s, which make the license valid', async (_, issuing, request, prepare) => {
    const { licenseId } = await issueDirectly(ledger, issuing);
    await prepare(licenseId);
    const before = await explain({ licenseId, ...request });
    const validated = await call('POST', '/v1/licenses/validate', { licenseId, ...request, nonce: 'n' });
    // The API key of this test may start a term by validating.
    if (before.code !== 'NOT_YET_VALID') expect([before.code, before.valid]).toEqual([validated.body.code, false]);
    const { version, ...sent } = await carryOut(before.repairs, request);
    // The catalog lists no release, so the step has the bounds alone.
    const named = version === undefined ? {} : { version: '1.5.0' };
    expect((await call('POST', '/v1/licenses/validate', { licenseId, ...sent, ...named })).body.code).toBe('VALID');
  });

  test('releases a seat as administrators do, who may give a reason', async () => {
    const { licenseId } = await issueDirectly(ledger, { limits: { seats: 1 }, policy: { leaseRequired: true } });
    await call('POST', '/v1/licenses/leases', { licenseId, leaseHolder: 'other' });
    const { repairs } = await explain({ licenseId });
    const steps = repairs.flatMap((step) => [step, ...step.alternatives]);
    const release = steps.find(({ action }) => action === 'RELEASE_SEATS');
    expect(release).toMatchObject({ action: 'RELEASE_SEATS', operationId: 'releaseLicenseLease', method: 'DELETE' });
    const path = release?.path?.replace('{id}', release.choose?.ids[0] ?? '') ?? '';
    const released = await call('DELETE', path, { reason: { code: 'SEAT_NEEDED' } });
    expect([released.status, released.body.changed]).toEqual([200, true]);
  });

  test('has the renewal of an expired license, and no step for a revoked one or a closed issuer', async () => {
    const term = { kind: 'duration', duration: 'PT1H', startsAt: null } as const;
    const { licenseId } = await issueDirectly(ledger, { term });
    await client.later(7_200, async () => {
      const answer = await explain({ licenseId });
      expect(answer).toMatchObject({ code: 'EXPIRED', repairs: [{ operationId: 'renewLicense' }] });
      await carryOut(answer.repairs, {});
      expect(await explain({ licenseId })).toMatchObject({
        valid: true,
        code: 'VALID',
        repairs: [],
        unrepairable: null,
      });
    });
    const revoked = await issueDirectly(ledger);
    await sendTo(ledger, revoked.licenseId, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
    const over = { valid: false, code: 'REVOKED', repairs: [], unrepairable: 'REVOKED' };
    expect(await explain({ licenseId: revoked.licenseId, product: 'other' })).toMatchObject(over);
    const vendor = await ledger.createVendor('Closing');
    const closing = { ...ledger, a: vendor };
    const { licenseId: closed } = await issueDirectly(closing, { holderOrgId: ledger.b.organizationId });
    await close(ledger, vendor.organizationId);
    const shut = { code: 'TENANT_SUSPENDED', repairs: [], unrepairable: 'TENANT_SUSPENDED' };
    expect(await explain({ licenseId: closed }, ledger.b.apiKey)).toMatchObject(shut);
  });

  test('shows the past as it was without repairs, and the future if nothing else happens', async () => {
    const term = { kind: 'duration', duration: 'P1D', startsAt: null } as const;
    const { licenseId } = await issueDirectly(ledger, { term });
    const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const device = { licenseId, fingerprint: 'then' };
    expect(await explain({ ...device, at: at(48) })).toMatchObject({
      code: 'EXPIRED',
      status: 'EXPIRED',
      repairs: [{ action: 'RENEW' }, { action: 'ACTIVATE' }],
    });
    await client.later(3_600, async () => {
      await call('POST', '/v1/licenses/activate', device);
      expect(await explain(device)).toMatchObject({ code: 'VALID' });
      expect(await explain({ ...device, at: at(0.5) })).toMatchObject({
        ...{ code: 'NOT_ACTIVATED', repairs: [], unrepairable: null, at: expect.any(String) },
      });
      expect(await explain({ ...device, at: at(-24) })).toMatchObject({ code: 'NOT_FOUND', licenseId: null });
    });
  });

  test('is for the issuer and the holder, and to others there is no such license', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger, { holderOrgId: ledger.b.organizationId });
    const { at: _, ...holder } = await explain({ licenseId }, ledger.b.apiKey);
    const { at: __, ...issuer } = await explain({ licenseKey });
    expect(holder).toEqual({ ...issuer, rules: holder.rules });
    const stranger = await ledger.createVendor('Stranger');
    const at = new Date().toISOString();
    const unknown = await explain(
      { licenseKey: formatLicenseKey('LL', generateLicenseKeyBody()), at },
      stranger.apiKey,
    );
    expect(unknown).toMatchObject({ code: 'NOT_FOUND', licenseId: null, rules: [{ code: 'NOT_FOUND' }], repairs: [] });
    expect(await explain({ licenseKey, at }, stranger.apiKey)).toEqual(unknown);
    expect(await explain({ licenseId, at }, stranger.apiKey)).toEqual(unknown);
    const byKey = await ledger.call('POST', '/v1/licenses/explain-validation', {
      headers: { authorization: `License ${licenseKey}` },
      body: { licenseKey },
    });
    expect(byKey.status).toBe(401);
  });

  test('refuses a malformed key, and both or no name', async () => {
    const post = async (body: object) => (await call('POST', '/v1/licenses/explain-validation', body)).body;
    expect(await post({ licenseKey: 'LL-1' })).toMatchObject({ code: 'LICENSE_KEY_MALFORMED' });
    expect(await post({})).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ pointer: '/licenseKey' }] });
  });
});
