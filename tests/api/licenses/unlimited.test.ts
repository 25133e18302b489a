import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { commanding, refusal } from './commanding.ts';

let ledger: Ledger;
let api: ReturnType<typeof commanding>;
beforeAll(async () => {
  ledger = await shareLedger();
  api = commanding(ledger);
});
afterAll(() => ledger.stop());

const unlimited = 'unlimited';
const all = { activations: unlimited, seats: unlimited, users: unlimited, meters: { builds: unlimited } };
const some = { activations: 2, seats: 0, users: 1, meters: { builds: 5 } };
const byKey = (verb: string, licenseKey: string, fields: object = {}) =>
  ledger.call('POST', `/v1/licenses/${verb}`, { body: { licenseKey, ...fields } });
const limitsIn = async (licenseKey: string) => (await byKey('validate', licenseKey)).body.limits;
const rowOf = async (licenseId: string) => {
  const { rows } = await ledger.database.superuser.query('select limits from rm.licenses where license_id = $1', [
    licenseId,
  ]);
  return rows[0]?.limits;
};

describe('A license without limits', () => {
  test('shows unlimited in every answer and in its row, and another license of the same issuer shows numbers', async () => {
    const { licenseId, licenseKey } = await ledger.issue({ limits: all });
    const other = await ledger.issue({ limits: some });
    expect((await api.read(licenseId)).limits).toEqual(all);
    expect(await limitsIn(licenseKey)).toEqual({
      activations: { used: 0, max: unlimited },
      seats: { used: 0, max: unlimited },
      users: { used: 0, max: unlimited },
      meters: { builds: { used: 0, max: unlimited } },
    });
    expect([await rowOf(licenseId), await rowOf(other.licenseId)]).toEqual([all, some]);
    for (const text of [
      (await ledger.call('GET', `/v1/licenses/${other.licenseId}`, { key: ledger.a.apiKey })).text,
      (await ledger.call('GET', `/v1/licenses/${other.licenseId}/history`, { key: ledger.a.apiKey })).text,
      (await byKey('validate', other.licenseKey)).text,
    ])
      expect(text).not.toContain(unlimited);
    expect((await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.b.apiKey })).status).toBe(404);
  });

  test('is never added up in SQL by mistake: a cast to a number fails', async () => {
    await ledger.issue({ limits: all });
    const sum = `select sum((limits->>'seats')::bigint) from rm.licenses`;
    await expect(ledger.database.superuser.query(sum)).rejects.toThrow('"unlimited"');
  });

  test('accepts devices, seats, users and usage, with the limit in their events as it is', async () => {
    const { licenseId, licenseKey } = await ledger.issue({ limits: all });
    const statuses = [
      await byKey('activate', licenseKey, { fingerprint: 'first' }),
      await byKey('activate', licenseKey, { fingerprint: 'second' }),
      await byKey('leases', licenseKey, { leaseHolder: 'desk' }),
      await byKey('usage', licenseKey, { meter: 'builds', quantity: 1_000_000_000, usageId: 'u1' }),
      await api.post(licenseId, 'users', { user: 'ada' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([201, 201, 201, 201, 200]);
    const validated = (await byKey('validate', licenseKey, { meters: ['builds'] })).body;
    expect(validated).toMatchObject({ valid: true, code: 'VALID', reasons: [], exceededMeters: [] });
    expect(validated.limits).toMatchObject({
      activations: { used: 2, max: unlimited },
      meters: { builds: { used: 1_000_000_000, max: unlimited } },
    });
    const { events } = await ledger.store.connect().read(`license-${licenseId}`);
    const limited = events.filter(({ data }) => 'overage' in data).map(({ data }) => [data.limit, data.overage]);
    expect(limited).toEqual(Array.from({ length: 5 }, () => [unlimited, false]));
  });

  test('counts a meter without a remark, and a limit of 0 still refuses all usage', async () => {
    const { licenseKey } = await ledger.issue({ limits: { meters: { builds: unlimited, runs: 0 } } });
    const recorded = await byKey('usage', licenseKey, { meter: 'builds', quantity: 7, usageId: 'u1' });
    expect(recorded.body.limits?.meters).toEqual({ builds: { used: 7, max: unlimited }, runs: { used: 0, max: 0 } });
    const refused = await byKey('usage', licenseKey, { meter: 'runs', quantity: 1, usageId: 'u2' });
    expect(refusal(refused)).toEqual([409, 'QUOTA_EXCEEDED']);
  });

  test('explains its limits, and names the event that lifted one', async () => {
    const { licenseId } = await ledger.issue({ limits: some });
    await api.done(licenseId, 'limits', { limits: { seats: unlimited } });
    const explained = await api.send('GET', licenseId, 'explain');
    const fields = Object.values(explained.body.fields ?? {});
    expect(fields.find(({ field }) => String(field) === 'limits.seats')).toMatchObject({
      value: unlimited,
      before: 0,
      setBy: { type: 'LicenseLimitsChanged' },
    });
    const body = { licenseId, fingerprint: 'new' };
    const why = await ledger.call('POST', '/v1/licenses/explain-validation', { key: ledger.a.apiKey, body });
    const rules = Object.values(why.body.rules ?? {});
    expect(rules.find(({ code }) => String(code) === 'TOO_MANY_LEASES')?.inputs).toMatchObject({
      limit: unlimited,
      capacity: null,
    });
  });
});

describe('A change from and to unlimited', () => {
  test('is an override of the license, is previewed, and is refused or ends use as the strategy says', async () => {
    const { licenseId, licenseKey } = await ledger.issue({ limits: some });
    const lifted = await api.done(licenseId, 'limits', {
      limits: { activations: unlimited, meters: { runs: unlimited } },
    });
    expect(lifted.limits).toEqual({ ...some, activations: unlimited, meters: { builds: 5, runs: unlimited } });
    expect(lifted.overrides?.limits).toEqual({
      ...some,
      activations: unlimited,
      meters: { builds: 5, runs: unlimited },
    });
    await api.done(licenseId, 'limits', { limits: { activations: unlimited } }, false);
    for (const fingerprint of ['first', 'second', 'third']) await byKey('activate', licenseKey, { fingerprint });
    const lower = { limits: { activations: 2 }, strategy: 'REJECT' };
    expect(refusal(await api.post(licenseId, 'limits', lower))).toEqual([409, 'ACTIVATION_LIMIT_EXCEEDED']);
    const evicting = { ...lower, strategy: 'EVICT_OLDEST' };
    const preview = await api.post(licenseId, 'limits?preview=true', evicting);
    expect(preview.body).toMatchObject({ after: { limits: { activations: 2 } } });
    const lowered = await api.done(licenseId, 'limits', evicting);
    expect([lowered.limits?.activations, lowered.usage?.activations]).toEqual([2, 2]);
  });

  test('loses nothing when several requests change different limits at once', async () => {
    const { licenseId } = await ledger.issue({ limits: some });
    const changes = [{ activations: unlimited }, { seats: unlimited }, { users: 7 }, { meters: { builds: unlimited } }];
    const answers = await Promise.all(changes.map((limits) => api.post(licenseId, 'limits', { limits })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await api.read(licenseId)).limits).toEqual({ ...all, users: 7 });
  });

  test('of a policy comes with its versions, and an override of the license wins over it', async () => {
    const vendor = await ledger.createVendor('Without limits');
    const call = (method: string, path: string, body?: object) =>
      ledger.call(method, path, { key: vendor.apiKey, body });
    await call('POST', '/v1/products', { code: 'local_cli', name: 'CLI' });
    const team = { name: 'Team', tier: 'PRO', products: ['local_cli'], limits: all, limitStrategy: 'REJECT' };
    const policy = (await call('POST', '/v1/policies', team)).body;
    expect([policy.limits, policy.userRequired]).toEqual([all, true]);
    const invalid = await call('PATCH', `/v1/policies/${policy.id}`, { limits: { meters: { builds: -1 } } });
    expect(refusal(invalid)).toEqual([400, 'LIMIT_INVALID']);
    expect(invalid.body.errors?.[0]).toMatchObject({ pointer: '/limits/meters/builds' });
    const second = (await call('PATCH', `/v1/policies/${policy.id}`, { limits: { activations: 1 } })).body;
    expect([second.version, second.limits]).toEqual([2, { ...all, activations: 1 }]);
    const read = await call('GET', `/v1/policies/${policy.id}?version=1`);
    expect(read.body.limits).toEqual(all);

    const body = { policyId: policy.id, policyVersion: 1, limits: { seats: 3 }, reason: { code: 'PURCHASE' } };
    const issued = (await call('POST', '/v1/licenses', body)).body;
    expect(issued.license?.limits).toEqual({ ...all, seats: 3 });
    const licenseKey = String(issued.licenseKey);
    const id = issued.license?.id;
    await call('POST', `/v1/licenses/${id}/users`, { user: 'ada' });
    for (const fingerprint of ['first', 'second'])
      expect((await byKey('activate', licenseKey, { fingerprint, user: 'ada' })).status).toBe(201);
    const move = { policyId: policy.id, confirm: true };
    expect(refusal(await call('POST', `/v1/licenses/${id}/policy`, move))).toEqual([409, 'ACTIVATION_LIMIT_EXCEEDED']);
    const kept = await call('POST', `/v1/licenses/${id}/policy`, { ...move, limits: { activations: unlimited } });
    expect(kept.body.license?.limits).toEqual({ ...all, seats: 3 });
  });

  test('stays with an import, a renewal and a transfer', async () => {
    const imported = await ledger.call('POST', '/v1/licenses/import', {
      key: ledger.a.apiKey,
      body: {
        ...{ tier: 'PRO', products: ['local_cli'], limits: all, reason: { code: 'IMPORT' } },
        ...{ source: 'old', sourceRef: 'no-limits', historyFrom: '2025-01-01T00:00:00.000Z' },
      },
    });
    expect(imported.body.license?.limits, imported.text).toEqual(all);
    const id = String(imported.body.license?.id);
    const renewed = await api.done(id, 'renew', { duration: 'P1Y' });
    const { organizationId } = ledger.b;
    await api.post(id, 'transfer', { toHolderOrganizationId: organizationId, accepted: true });
    const held = await ledger.call('GET', `/v1/licenses/${id}`, { key: ledger.b.apiKey });
    expect([renewed.limits, held.body.holderOrganizationId, held.body.limits]).toEqual([all, organizationId, all]);
  });
});

describe('A value that is no limit', () => {
  const rule = 'must be a whole number, 0 or more, or "unlimited"';

  test.each(['Unlimited', '5', 1.5, true, null, {}])('is refused with its place when issuing: %j', async (wrong) => {
    const issue = { tier: 'PRO', products: ['local_cli'], reason: { code: 'PURCHASE' } };
    const answer = await ledger.call('POST', '/v1/licenses', {
      key: ledger.a.apiKey,
      body: { ...issue, limits: { users: wrong, meters: { builds: wrong } } },
    });
    expect(refusal(answer)).toEqual([400, 'INVALID_REQUEST']);
    // A meter may also be an object with its limit.
    const isObject = typeof wrong === 'object' && wrong !== null;
    expect(answer.body.errors).toEqual([
      { pointer: '/limits/users', detail: rule },
      isObject
        ? { pointer: '/limits/meters/builds/limit', detail: `is missing: it ${rule}` }
        : { pointer: '/limits/meters/builds', detail: `${rule}, or be an object` },
    ]);
  });

  test('is refused with its place when it is below 0, when issuing and in a change', async () => {
    const { licenseId } = await ledger.issue({ limits: some });
    const limits = { seats: -1 };
    const key = ledger.a.apiKey;
    const issue = { tier: 'PRO', products: ['local_cli'], limits, reason: { code: 'PURCHASE' } };
    for (const answer of [
      await api.post(licenseId, 'limits', { limits }),
      await ledger.call('POST', '/v1/licenses', { key, body: issue }),
    ]) {
      expect(refusal(answer), answer.text).toEqual([400, 'LIMIT_INVALID']);
      expect(answer.body.errors?.[0], answer.text).toMatchObject({ pointer: '/limits/seats' });
    }
    expect((await api.read(licenseId)).limits).toEqual(some);
  });
});
