import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { licenseAggregate } from '../../../src/aggregates/aggregates.ts';
import { issueDirectly } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { clientOf, outline } from './client.ts';

let ledger: Ledger;
let client: ReturnType<typeof clientOf>;
let store: ReturnType<Ledger['store']['connect']>;
beforeAll(async () => {
  ledger = await startLedger();
  client = clientOf(ledger);
  store = ledger.store.connect();
});
afterAll(() => ledger.stop());

type Wanted = NonNullable<Parameters<typeof issueDirectly>[1]>;

const issue = (wanted: Wanted = {}) => issueDirectly(ledger, wanted);
const activate = (licenseKey: string, fingerprint: string, fields: object = {}) =>
  client.post('activate', licenseKey, { fingerprint, ...fields });
const swap = (licenseKey: string, from: string, to: string, fields: object = {}) =>
  client.post('swap', licenseKey, { release: { fingerprint: from }, fingerprint: to, ...fields });
const codeFor = async (licenseKey: string, fingerprint: string) =>
  String((await client.post('validate', licenseKey, { fingerprint })).body.code);
const eventsOf = async (licenseId: string) => (await store.read(licenseAggregate.stream(licenseId))).events.slice(2);

describe('An activation', () => {
  test('answers with the usage of every limit', async () => {
    const { licenseKey } = await issue({ limits: { meters: { api_calls: 10 } } });
    const { body } = await activate(licenseKey, 'laptop');
    expect(body.limits).toEqual({
      activations: { used: 1, max: 5 },
      seats: { used: 0, max: 5 },
      users: { used: 0, max: 5 },
      meters: { api_calls: { used: 0, max: 10 } },
    });
  });

  test('stores hashes of components, the user and the environment', async () => {
    const { licenseId, licenseKey } = await issue();
    const used = { components: { cpu: 'a', disk: 'b' }, user: 'ada@example.com', environment: 'production' };
    expect(outline(await activate(licenseKey, 'laptop', used))).toEqual([409, 'USER_NOT_ASSIGNED']);
    await client.assign(licenseId, 'ada@example.com');
    expect(outline(await activate(licenseKey, 'laptop', used))).toEqual([201]);
    const recorded = (await eventsOf(licenseId)).at(-1);
    expect(recorded).toMatchObject({
      type: 'ActivationRecorded',
      data: {
        components: { cpu: expect.stringMatching(/^[0-9a-f]{64}$/), disk: expect.stringMatching(/^[0-9a-f]{64}$/) },
        userRef: expect.stringMatching(/^ref_/),
        environment: 'production',
      },
    });
  });

  test('of a device known by its components returns the existing activation', async () => {
    const { licenseKey } = await issue({ policy: { fingerprintMatching: 'MOST' } });
    const first = await activate(licenseKey, 'before', {
      components: { cpu: 'a', disk: 'b', board: 'c' },
      name: 'mine',
    });
    const again = await activate(licenseKey, 'after', { components: { cpu: 'a', disk: 'x', board: 'c' }, name: 'new' });
    expect([again.status, again.body]).toMatchObject([
      200,
      { activation: { id: first.body.activation?.id, name: null }, changed: false },
    ]);
    expect(outline(await activate(licenseKey, 'another', { components: { cpu: 'a', disk: 'x', board: 'x' } }))).toEqual(
      [201],
    );
  });

  test('beyond the limit is refused with the active devices of this license only', async () => {
    const { licenseId, licenseKey } = await issue({ policy: { deviceNamesByKey: true }, limits: { activations: 2 } });
    const other = await issue();
    await activate(other.licenseKey, 'elsewhere');
    await activate(licenseKey, 'laptop', { name: 'my laptop', platform: 'linux' });
    await activate(licenseKey, 'desktop');
    const refusal = await activate(licenseKey, 'phone');
    expect(outline(refusal)).toEqual([409, 'ACTIVATION_LIMIT_EXCEEDED']);
    const listed = z.array(z.looseObject({ name: z.string().nullable() })).parse(refusal.body.activations);
    expect(listed.toSorted((a, b) => (a.name ?? '').localeCompare(b.name ?? ''))).toMatchObject([
      { licenseId, name: null, platform: null },
      {
        licenseId,
        name: 'my laptop',
        platform: 'linux',
        id: expect.stringMatching(/^act_/),
        activatedAt: expect.any(String),
      },
    ]);
  });
});

describe('A swap', () => {
  test('replaces one device by another, also on a full license', async () => {
    const { licenseId, licenseKey } = await issue({ limits: { activations: 1 } });
    const before = await activate(licenseKey, 'old');
    const swapped = await swap(licenseKey, 'old', 'new', { name: 'new one', product: 'local_cli' });
    expect([swapped.status, swapped.body]).toMatchObject([
      201,
      {
        activation: { name: 'new one', product: 'local_cli' },
        changed: true,
        limits: { activations: { used: 1, max: 1 } },
      },
    ]);
    expect(swapped.body.activation?.id).not.toBe(before.body.activation?.id);
    expect([await codeFor(licenseKey, 'old'), await codeFor(licenseKey, 'new')]).toEqual(['NOT_ACTIVATED', 'VALID']);
    const events = await eventsOf(licenseId);
    expect(events.slice(1)).toMatchObject([
      { type: 'ActivationDeactivated', data: { cause: 'SWAP', activationId: before.body.activation?.id } },
      { type: 'ActivationRecorded', data: { countAfter: 1 } },
    ]);
    const again = await swap(licenseKey, 'old', 'new');
    expect([again.status, again.body]).toMatchObject([
      200,
      { activation: { id: swapped.body.activation?.id, name: 'new one' }, changed: false },
    ]);
  });

  test('can name the device to release by its activation', async () => {
    const { licenseKey } = await issue();
    const activationId = String((await activate(licenseKey, 'old')).body.activation?.id);
    const swapped = await client.post('swap', licenseKey, { release: { activationId }, fingerprint: 'new' });
    expect(outline(swapped)).toEqual([201]);
    const none = { release: {}, fingerprint: 'new' };
    expect(outline(await client.post('swap', licenseKey, none))).toEqual([400, 'INVALID_REQUEST']);
  });

  test('does neither step when one is refused', async () => {
    const { licenseId, licenseKey } = await issue();
    await activate(licenseKey, 'one');
    await activate(licenseKey, 'two');
    const before = await eventsOf(licenseId);
    expect(outline(await swap(licenseKey, 'never', 'new'))).toEqual([404, 'ACTIVATION_NOT_FOUND']);
    expect(outline(await swap(licenseKey, 'one', 'two'))).toEqual([400, 'INVALID_REQUEST']);
    const foreign = { product: 'workflow_app' };
    expect(outline(await swap(licenseKey, 'one', 'new', foreign))).toEqual([409, 'PRODUCT_NOT_LICENSED']);
    expect(outline(await swap(licenseKey, 'one', 'new', { user: 'ada' }))).toEqual([409, 'USER_NOT_ASSIGNED']);
    expect(await eventsOf(licenseId)).toEqual(before);
  });

  test('counts against the deactivation limit and the cooldown', async () => {
    const strict = await issue({ policy: { deactivation: { allowed: true, cooldownSeconds: 600, maxPerTerm: 2 } } });
    for (const device of ['one', 'two']) await activate(strict.licenseKey, device);
    expect(outline(await swap(strict.licenseKey, 'one', 'three'))).toEqual([201]);
    expect(outline(await swap(strict.licenseKey, 'two', 'four'))).toEqual([409, 'COOLDOWN_ACTIVE']);
    const deactivate = () => client.post('deactivate', strict.licenseKey, { fingerprint: 'two' });
    expect(outline(await deactivate())).toEqual([409, 'COOLDOWN_ACTIVE']);
    await client.later(601, async () => {
      expect(outline(await deactivate())).toEqual([200]);
    });
    await client.later(1_300, async () => {
      expect(outline(await swap(strict.licenseKey, 'three', 'five'))).toEqual([409, 'DEACTIVATION_LIMIT']);
    });
    const closed = await issue({ policy: { deactivation: { allowed: false, cooldownSeconds: 0, maxPerTerm: null } } });
    await activate(closed.licenseKey, 'one');
    const refused = await client.post('deactivate', closed.licenseKey, { fingerprint: 'one' });
    expect(outline(refused)).toEqual([409, 'DEACTIVATION_LIMIT']);
  });

  test('to a device that had a trial is refused and releases nothing', async () => {
    const trial = { tier: 'TRIAL', term: { kind: 'duration', duration: 'P14D', startsAt: null } } as const;
    const [first, second] = [await issue(trial), await issue(trial)];
    await activate(first.licenseKey, 'had a trial');
    await activate(second.licenseKey, 'fresh');
    expect(outline(await swap(second.licenseKey, 'fresh', 'had a trial'))).toEqual([409, 'CODE_TAKEN']);
    expect(await codeFor(second.licenseKey, 'fresh')).toBe('VALID');
  });
});

describe('Metered usage', () => {
  const record = (licenseKey: string, fields: object) => client.post('usage', licenseKey, fields);

  test('counts once per usageId, all of it or nothing', async () => {
    const { licenseId, licenseKey } = await issue({ limits: { meters: { api_calls: 10 } } });
    const occurredAt = new Date(Date.now() - 60_000).toISOString();
    const use = { meter: 'api_calls', quantity: 6, usageId: 'build-1', occurredAt };
    const counted = await record(licenseKey, use);
    expect([counted.status, counted.body]).toMatchObject([
      201,
      { usage: { id: 'build-1', meter: 'api_calls', total: 6, max: 10 }, changed: true },
    ]);
    const again = await record(licenseKey, use);
    expect([again.status, again.body]).toMatchObject([200, { usage: { total: 6 }, changed: false }]);
    const tooMuch = await record(licenseKey, { ...use, usageId: 'build-2' });
    expect(outline(tooMuch)).toEqual([409, 'QUOTA_EXCEEDED']);
    const rest = await record(licenseKey, { meter: 'api_calls', quantity: 4 });
    expect(rest.body).toMatchObject({ usage: { total: 10, id: expect.any(String) } });
    expect(await eventsOf(licenseId)).toMatchObject([
      { type: 'UsageBatchRecorded', data: { entries: [{ usageId: 'build-1', occurredAt }], totalAfter: 6 } },
      { data: { totalAfter: 10 } },
    ]);
  });

  test('is refused for an unknown meter and for a license that may not be used', async () => {
    const { licenseKey } = await issue({
      limits: { meters: { api_calls: 10 } },
      term: { kind: 'duration', duration: 'PT1H', startsAt: null },
    });
    expect(outline(await record(licenseKey, { meter: 'builds', quantity: 1 }))).toEqual([400, 'LIMIT_INVALID']);
    expect(outline(await record(licenseKey, { meter: 'api_calls', quantity: 0 }))).toEqual([400, 'INVALID_REQUEST']);
    await client.later(3_601, async () => {
      expect(outline(await record(licenseKey, { meter: 'api_calls', quantity: 1 }))).toEqual([409, 'LICENSE_EXPIRED']);
    });
  });
});

describe('The list of features', () => {
  const entitlement = { value: null, limit: null, until: null } as const;

  test('has each feature once with its sources, and no ended features', async () => {
    const until = new Date(Date.now() + 60_000).toISOString();
    const { licenseId, licenseKey } = await issue({
      entitlements: [
        { ...entitlement, code: 'export', limit: 10, source: 'tier' },
        { ...entitlement, code: 'export', limit: 100, source: 'grant' },
        { ...entitlement, code: 'sso', value: 'saml', source: 'product' },
        { ...entitlement, code: 'beta', until, source: 'grant' },
      ],
    });
    const { status, body } = await client.get('features?product=local_cli', licenseKey);
    expect([status, body]).toEqual([
      200,
      {
        tier: 'PRO',
        features: [
          {
            ...{ code: 'export', ...entitlement, limit: 100, source: 'grant' },
            sources: [
              { ...entitlement, limit: 100, source: 'grant' },
              { ...entitlement, limit: 10, source: 'tier' },
            ],
          },
          ...[
            { code: 'sso', ...entitlement, value: 'saml', source: 'product' },
            { code: 'beta', ...entitlement, until, source: 'grant' },
          ].map(({ code, ...granted }) => ({ code, ...granted, sources: [granted] })),
        ],
        asOf: expect.any(String),
      },
    ]);
    const later = await client.later(61, () => client.get('features', licenseKey));
    const left = z.array(z.looseObject({ code: z.string() })).parse(later.body.features);
    expect(left.map(({ code }) => code)).toEqual(['export', 'sso']);
    const asIssuer = `/v1/licenses/features?licenseId=${licenseId}`;
    expect((await ledger.call('GET', asIssuer, { key: ledger.a.apiKey })).body.features).toEqual(body.features);
    expect(outline(await ledger.call('GET', asIssuer, { key: ledger.b.apiKey }))).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect(outline(await ledger.call('GET', '/v1/licenses/features'))).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('is refused for a license that may not be used and for a product that it does not cover', async () => {
    const hour = { term: { kind: 'duration', duration: 'PT1H', startsAt: null } } as const;
    const { licenseKey } = await issue(hour);
    const maintained = await issue({ ...hour, policy: { expiryStrategy: 'MAINTAIN' } });
    expect(outline(await client.get('features?product=workflow_app', licenseKey))).toEqual([
      409,
      'PRODUCT_NOT_LICENSED',
    ]);
    await client.later(3_601, async () => {
      expect(outline(await client.get('features', licenseKey))).toEqual([409, 'LICENSE_EXPIRED']);
      expect(outline(await client.get('features', maintained.licenseKey))).toEqual([200]);
      const other = await client.get('features?product=workflow_app', maintained.licenseKey);
      expect(outline(other)).toEqual([409, 'PRODUCT_NOT_LICENSED']);
    });
    const waiting = await issue({ term: { kind: 'firstActivation', duration: 'P1D' } });
    expect(outline(await client.get('features', waiting.licenseKey))).toEqual([409, 'LICENSE_NOT_STARTED']);
  });

  test('takes no key in the URL', async () => {
    const { licenseKey } = await issue();
    const answer = await ledger.call('GET', `/v1/licenses/features?licenseKey=${licenseKey}`);
    expect(outline(answer)).toEqual([400, 'INVALID_REQUEST']);
  });
});
