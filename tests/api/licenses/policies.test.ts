import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogAggregate } from '../../../src/aggregates/aggregates.ts';
import { builtInPolicyId } from '../../../src/aggregates/built-in-policy-ids.ts';
import type { CatalogCommand } from '../../../src/domain/catalog/commands.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import { aggregateId, newCommandId } from '../../../src/eventstore/uuids.ts';
import { carryOutDue } from '../../../src/workers/carry-out-due.ts';
import { createPace } from '../../../src/workers/pace.ts';
import { context, send as sendCommand } from '../../support/commands.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { commanding, later, refusal } from './commanding.ts';

let ledger: Ledger;
let api: ReturnType<typeof commanding>;
beforeAll(async () => {
  ledger = await startLedger();
  api = commanding(ledger);
});
afterAll(() => ledger.stop());

const reason = { code: 'CUSTOMER_REQUEST' };
const day = 86_400;
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

type Unsent<Command> = Command extends { readonly at: string } ? Omit<Command, 'at'> : never;

const tiers = ['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'] as const;

/** An issuer with two products, the built-in policies, and a PRO policy of one product with two versions. */
const openShop = async () => {
  const { organizationId, apiKey } = await ledger.createVendor('Shop');
  const send = async (command: Unsent<CatalogCommand>) => {
    const sending = { ...command, at: new Date().toISOString() };
    const sent = await sendCommand(ledger.executor, catalogAggregate, organizationId, sending, context(), () => 0);
    if ('rejected' in sent) throw new Error(sent.detail);
  };
  const id = (prefix: 'prd' | 'pol') => encodeId(prefix, aggregateId(newCommandId(), prefix));
  const products = ['local_cli', 'cloud_ide', 'old_app'].map((code) => ({
    productId: id('prd'),
    code,
    name: code,
    description: null,
  }));
  const [free = '', trial = '', pro = '', enterprise = ''] = tiers.map((tier) => builtInPolicyId(organizationId, tier));
  const policyIds = { FREE: free, TRIAL: trial, PRO: pro, ENTERPRISE: enterprise };
  await send({ type: 'OpenCatalog', data: { issuerOrgId: organizationId, products, policyIds } });
  await send({ type: 'ArchiveProduct', data: { productId: products[2]?.productId ?? '' } });
  const small = id('pol');
  const { policyId: _, version: __, ...rules } = builtInPolicy('PRO', small);
  const content = {
    name: 'Small',
    rules,
    products: ['local_cli'],
    term: { basis: 'ISSUE', duration: 'P1M' } as const,
    limits: { activations: 1, seats: 0, users: 0, meters: {} },
    entitlements: [{ code: 'export', value: null, limit: 9, until: null, source: 'tier' } as const],
  };
  await send({ type: 'CreatePolicy', data: { policyId: small, content } });
  const second = { ...content, limits: { ...content.limits, activations: 2 } };
  await send({ type: 'AddPolicyVersion', data: { policyId: small, content: second } });
  const post = (licenseId: string, verb: string, body: object) => api.post(licenseId, verb, body, apiKey);
  const issue = async (fields: object = {}) => {
    const body = { tier: 'PRO', products: ['local_cli', 'cloud_ide'], ...fields };
    const answer = await ledger.call('POST', '/v1/licenses', { key: apiKey, body });
    expect(answer.status, answer.text).toBe(201);
    return { licenseId: String(answer.body.license?.id), licenseKey: String(answer.body.licenseKey) };
  };
  return { policyIds, small, post, issue };
};

describe('A change of the tier', () => {
  test('applies the grants of the policy and the overrides of the request', async () => {
    const { licenseId } = await ledger.issue({ tier: 'FREE' });
    const change = { tier: 'ENTERPRISE', limits: { seats: 7 }, reason };
    const license = await api.done(licenseId, 'tier', change);
    const ofDevices = { devicesPerUser: null, deactivateUnseenAfter: null, fingerprintUniqueness: 'LICENSE' };
    expect(license).toMatchObject({
      tier: 'ENTERPRISE',
      products: ['local_cli', 'cloud_ide'],
      limits: { activations: 100, seats: 7 },
      policy: { version: 1, type: 'SUBSCRIPTION', offlineGraceSeconds: 7 * day, transferable: true, ...ofDevices },
    });
    await api.done(licenseId, 'tier', change, false);
    expect((await api.historyOf(licenseId))[0]).toBe('LicenseTierChanged');
  });

  test('removes products that the new policy does not have, and keeps the devices for those that stay', async () => {
    const { issue, post, small } = await openShop();
    const { licenseId, licenseKey } = await issue();
    const device = { licenseKey, fingerprint: 'a', product: 'cloud_ide' };
    expect((await ledger.call('POST', '/v1/licenses/activate', { body: device })).status).toBe(201);
    const { status, body } = await post(licenseId, 'tier', { policyId: small, policyVersion: 1, confirm: true });
    expect([status, body.license]).toMatchObject([
      200,
      {
        products: ['local_cli'],
        policy: { id: small, version: 1 },
        limits: { activations: 1 },
        usage: { activations: 1 },
        entitlements: [{ code: 'export', source: 'tier' }],
      },
    ]);
  });

  test('can be scheduled, takes effect at its instant without a worker, and can be withdrawn until then', async () => {
    const { licenseId } = await ledger.issue();
    const effectiveAt = inSeconds(30 * day);
    const license = await api.done(licenseId, 'tier', { tier: 'FREE', effectiveAt });
    expect(license).toMatchObject({
      tier: 'PRO',
      scheduled: [{ kind: 'TIER', tier: 'FREE', effectiveAt, policy: { version: 1 } }],
    });
    await api.done(licenseId, 'tier', { tier: 'FREE', effectiveAt }, false);
    await later(ledger, 30 * day + 1, async () => {
      expect(await api.read(licenseId)).toMatchObject({ tier: 'FREE', scheduled: [], limits: { activations: 1 } });
      await carryOutDue(
        { executor: ledger.executor, onRefused: () => undefined, pace: createPace(1) },
        licenseId,
        ledger.needs.now(),
      );
      await expect.poll(() => api.historyOf(licenseId)).toContain('LicenseTierChanged');
      // The change of the limits follows as an event of its own.
      const changed = { tier: 'FREE', scheduled: [], limits: { activations: 1 } };
      await expect.poll(() => api.read(licenseId)).toMatchObject(changed);
    });
    const other = await ledger.issue();
    const { scheduled } = await api.done(other.licenseId, 'tier', { tier: 'FREE', effectiveAt });
    await api.done(other.licenseId, 'cancel-scheduled', { eventId: String(scheduled?.[0]?.eventId) });
  });

  test('shows an ended trial as FREE without a worker, in every answer, and records it with the next command', async () => {
    const { licenseId, licenseKey } = await ledger.issue({ tier: 'TRIAL', products: ['one'] });
    const url = `/v1/licenses/${licenseId}`;
    const before = await api.send('GET', licenseId, '');
    const endsAt = String(before.body.term?.expiresAt);
    await later(ledger, 15 * day, async () => {
      const free = { tier: 'FREE', term: { number: 2, startsAt: endsAt, expiresAt: null }, limits: { activations: 1 } };
      const current = await api.send('GET', licenseId, '');
      expect(current.body).toMatchObject({ ...free, effectiveStatus: 'ACTIVE' });
      expect(current.headers.get('etag')).not.toBe(before.headers.get('etag'));
      const past = await ledger.call('GET', `${url}?asOf=${endsAt}`, { key: ledger.a.apiKey });
      expect(past.body).toMatchObject(free);
      const justBefore = new Date(Date.parse(endsAt) - 1).toISOString();
      const onTrial = await ledger.call('GET', `${url}?asOf=${justBefore}`, { key: ledger.a.apiKey });
      expect(onTrial.body).toMatchObject({ tier: 'TRIAL', term: { number: 1 } });
      const validate = async () => (await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } })).body;
      expect(await validate()).toMatchObject({ valid: true, code: 'VALID', expiresAt: null });
      // A command that changes nothing answers the same.
      expect(await api.done(licenseId, 'tier', { tier: 'FREE', products: ['one'] }, false)).toMatchObject(free);
      expect(refusal(await api.post(licenseId, 'convert', { tier: 'PRO' }))).toEqual([400, 'INVALID_REQUEST']);
      expect(await api.done(licenseId, 'suspend', { reason: { code: 'ADMIN' } })).toMatchObject(free);
      const history = await api.historyOf(licenseId);
      expect([history[0], history.at(-1)]).toEqual(['LicenseExpired', 'LicenseSuspended']);
      expect((await ledger.call('GET', `${url}?asOf=${endsAt}`, { key: ledger.a.apiKey })).body).toMatchObject(free);
    });
  });

  test('is not suspended later when the payment is reported by reinstating', async () => {
    const { licenseId } = await ledger.issue();
    await api.done(licenseId, 'suspend', { reason: { code: 'PAYMENT' }, effectiveAt: inSeconds(7 * day) });
    expect(await api.done(licenseId, 'reinstate', { reason: { code: 'PAYMENT' } })).toMatchObject({ scheduled: [] });
  });

  test('cannot make a license a TRIAL', async () => {
    const { licenseId } = await ledger.issue();
    const answer = await api.post(licenseId, 'tier', { tier: 'TRIAL' });
    expect(refusal(answer)).toEqual([400, 'INVALID_REQUEST']);
    expect(answer.body.errors).toMatchObject([{ pointer: '/tier' }]);
  });

  test('is refused for a policy that is not on sale, and under REJECT for usage above its limits', async () => {
    const { issue, post, small, policyIds } = await openShop();
    const { licenseId } = await issue();
    const change = async (body: object) => {
      const { status, body: answer } = await post(licenseId, 'tier', body);
      return [status, answer.code, answer.errors?.[0]?.pointer];
    };
    const unknown = 'pol_01h455vb4pex5vsknk084sn02q';
    expect(await change({ policyId: unknown })).toEqual([400, 'INVALID_REQUEST', '/policyId']);
    expect(await change({ policyId: small, policyVersion: 9 })).toEqual([400, 'INVALID_REQUEST', '/policyVersion']);
    expect(await change({ tier: 'PRO', products: ['old_app'] })).toEqual([409, 'ARCHIVED', '/products/0']);
    expect(await change({ tier: 'PRO', policyId: policyIds.PRO })).toEqual([400, 'INVALID_REQUEST', '/tier']);
    expect(await change({ tier: 'PRO', limits: { seats: -1 } })).toEqual([400, 'LIMIT_INVALID', '/limits/seats']);
    expect(refusal(await post(licenseId, 'products', { add: ['old_app'] }))).toEqual([409, 'ARCHIVED']);
    const named = await post(licenseId, 'products', { add: ['local_cli', 'no_app'] });
    expect([...refusal(named), named.body.errors?.[0]?.pointer]).toEqual([400, 'INVALID_REQUEST', '/add/1']);
  });
});

describe('A change of the policy', () => {
  test('moves the license within its tier, to the latest or a named version', async () => {
    const { issue, post, small } = await openShop();
    const { licenseId } = await issue();
    const latest = await post(licenseId, 'policy', { policyId: small, confirm: true, reason });
    expect(latest.body.license).toMatchObject({ policy: { id: small, version: 2 }, limits: { activations: 2 } });
    const first = await post(licenseId, 'policy', { policyId: small, policyVersion: 1 });
    expect(first.body.license?.policy?.version).toBe(1);
    expect((await post(licenseId, 'policy', { policyId: small, policyVersion: 1 })).body.changed).toBe(false);
  });

  test('is refused for a policy of another tier', async () => {
    const { issue, post, policyIds } = await openShop();
    const { licenseId } = await issue();
    const refused = await post(licenseId, 'policy', { policyId: policyIds.ENTERPRISE });
    expect(refusal(refused)).toEqual([400, 'INVALID_REQUEST']);
  });
});

describe('A trial', () => {
  const tryOut = () => ledger.issue({ tier: 'TRIAL', products: ['local_cli'] });

  test('becomes a paid license with the same key and devices and a new term', async () => {
    const { licenseId, licenseKey } = await tryOut();
    await ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: 'a' } });
    const conversion = { tier: 'PRO', term: { expiresAt: '2099-01-01T00:00:00.000Z' }, billingRef: 'in_1', reason };
    expect(await api.done(licenseId, 'convert', conversion)).toMatchObject({
      tier: 'PRO',
      policy: { type: 'SUBSCRIPTION' },
      usage: { activations: 1 },
      term: { number: 2, expiresAt: '2099-01-01T00:00:00.000Z' },
    });
    await api.done(licenseId, 'convert', conversion, false);
    const another = { ...conversion, billingRef: 'in_2' };
    expect(refusal(await api.post(licenseId, 'convert', another))).toEqual([400, 'INVALID_REQUEST']);
    const { body } = await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, fingerprint: 'a' } });
    expect(body).toMatchObject({ valid: true, license: { tier: 'PRO' } });
    expect(await api.historyOf(licenseId)).toEqual([
      'ActivationRecorded',
      'TrialConverted',
      'LicenseLimitsChanged',
      'LicenseTermStarted',
    ]);
  });

  test('gets the term of the policy when the request has none', async () => {
    const { licenseId } = await tryOut();
    const { term } = await api.done(licenseId, 'convert', { tier: 'PRO' });
    const lasts = Date.parse(String(term?.expiresAt)) - Date.parse(String(term?.startsAt));
    expect(Math.round(lasts / (day * 1_000))).toBeGreaterThanOrEqual(365);
    const perpetual = await tryOut();
    const converted = await api.done(perpetual.licenseId, 'convert', { tier: 'PRO', term: { perpetual: true } });
    expect(converted.term?.expiresAt).toBeNull();
  });

  test('can be converted, other licenses cannot, and the result is no trial', async () => {
    const { licenseId } = await ledger.issue();
    expect(refusal(await api.post(licenseId, 'convert', { tier: 'ENTERPRISE' }))).toEqual([400, 'INVALID_REQUEST']);
    const trial = await tryOut();
    expect(refusal(await api.post(trial.licenseId, 'convert', { tier: 'TRIAL' }))).toEqual([400, 'INVALID_REQUEST']);
    const past = { tier: 'PRO', term: { expiresAt: '2020-01-01T00:00:00Z' } };
    expect(refusal(await api.post(trial.licenseId, 'convert', past))).toEqual([400, 'TERM_INVALID']);
  });
});
