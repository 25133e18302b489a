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

/** A license on two devices, the first one activated first. */
const used = async (fields: object = {}) => {
  const issued = await ledger.issue({ limits: { activations: 2 }, ...fields });
  const { licenseKey } = issued;
  for (const fingerprint of ['first', 'second']) {
    const answer = await ledger.call('POST', '/v1/licenses/activate', {
      body: { licenseKey, fingerprint, name: fingerprint },
    });
    expect(answer.status).toBe(201);
  }
  return issued;
};
const devices = async (licenseId: string) => {
  const { body } = await api.send('GET', licenseId, 'activations');
  return Object.values(body.data ?? {}).map(({ name }) => String(name));
};

describe('A change of limits', () => {
  test('changes the named limits, and the others stay', async () => {
    const { licenseId } = await ledger.issue({ limits: { activations: 3, seats: 1, meters: { builds: 5, runs: 6 } } });
    const { limits } = await api.done(licenseId, 'limits', { limits: { users: 4, meters: { runs: 7 } } });
    expect(limits).toEqual({ activations: 3, seats: 1, users: 4, meters: { builds: 5, runs: 7 } });
    await api.done(licenseId, 'limits', { limits: { users: 4 } }, false);
    expect((await api.done(licenseId, 'limits', { limits: { meters: { builds: null } } })).limits?.meters).toEqual({
      runs: 7,
    });
  });

  test('loses nothing when several requests change different limits at once', async () => {
    const { licenseId } = await ledger.issue({ limits: { activations: 1, seats: 1, users: 1 } });
    const meters = Array.from({ length: 5 }, (_, meter) => ({ meters: { [`meter_${meter}`]: meter } }));
    const changes = [{ activations: 7 }, { seats: 8 }, { users: 9 }, ...meters];
    const answers = await Promise.all(changes.map((limits) => api.post(licenseId, 'limits', { limits })));
    expect(answers.map(({ status }) => status)).toEqual(changes.map(() => 200));
    expect((await api.read(licenseId)).limits).toEqual({
      activations: 7,
      seats: 8,
      users: 9,
      meters: { meter_0: 0, meter_1: 1, meter_2: 2, meter_3: 3, meter_4: 4 },
    });
  });

  test('below the usage with ALLOW_OVER ends no device and accepts no new one', async () => {
    const { licenseId, licenseKey } = await used();
    await api.done(licenseId, 'limits', { limits: { activations: 1 } });
    expect(await devices(licenseId)).toEqual(['second', 'first']);
    expect((await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } })).body.valid).toBe(true);
    const third = await ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: 'third' } });
    expect(refusal(third)).toEqual([409, 'ACTIVATION_LIMIT_EXCEEDED']);
  });

  test('below the usage with REJECT is refused', async () => {
    const { licenseId } = await used();
    const lowered = { limits: { activations: 1 }, strategy: 'REJECT' };
    expect(refusal(await api.post(licenseId, 'limits', lowered))).toEqual([409, 'ACTIVATION_LIMIT_EXCEEDED']);
    expect((await api.read(licenseId)).limits?.activations).toBe(2);
    await api.done(licenseId, 'limits', { ...lowered, limits: { activations: 2, seats: 3 } });
  });

  test('below the usage with EVICT_OLDEST releases the oldest devices, each with an event', async () => {
    const { licenseId } = await used();
    const license = await api.done(licenseId, 'limits', { limits: { activations: 1 }, strategy: 'EVICT_OLDEST' });
    expect(license).toMatchObject({ limits: { activations: 1 }, usage: { activations: 1 } });
    expect(await devices(licenseId)).toEqual(['second']);
    expect((await api.historyOf(licenseId)).slice(2)).toEqual(['LicenseLimitsChanged', 'ActivationDeactivated']);
  });

  test('below the assigned users with REJECT is refused with the code for users', async () => {
    const { licenseId } = await ledger.issue({ limits: { users: 2 } });
    await api.post(licenseId, 'users', { user: 'ada' });
    const lowered = { limits: { users: 0 }, strategy: 'REJECT' };
    expect(refusal(await api.post(licenseId, 'limits', lowered))).toEqual([409, 'USER_LIMIT_EXCEEDED']);
  });

  test('is refused for invalid limits and for a revoked license', async () => {
    const { licenseId } = await ledger.issue();
    const change = async (limits: object) => refusal(await api.post(licenseId, 'limits', { limits }));
    expect(await change({ activations: -1 })).toEqual([400, 'LIMIT_INVALID']);
    expect(await change({})).toEqual([400, 'INVALID_REQUEST']);
    expect(await change({ activations: 1.5 })).toEqual([400, 'INVALID_REQUEST']);
    expect(await change({ meters: { constructor: 1 } })).toEqual([400, 'INVALID_REQUEST']);
    await api.post(licenseId, 'revoke', { reason: { code: 'OVER' } });
    expect(await change({ activations: 9 })).toEqual([409, 'LICENSE_REVOKED']);
  });
});

describe('A change of products', () => {
  test('adds and removes products in one step, and ends the devices with the last one', async () => {
    const { licenseId, licenseKey } = await ledger.issue();
    await ledger.call('POST', '/v1/licenses/activate', {
      body: { licenseKey, fingerprint: 'a', name: 'of the cloud', product: 'cloud_ide' },
    });
    const change = { add: ['workflow_app', 'local_cli'], remove: ['cloud_ide', 'unknown_app'] };
    const { products } = await api.done(licenseId, 'products', change);
    expect(products).toEqual(['local_cli', 'workflow_app']);
    expect(await devices(licenseId)).toHaveLength(1);
    await api.done(licenseId, 'products', change, false);
    await api.done(licenseId, 'products', { remove: products });
    expect(await devices(licenseId)).toEqual([]);
    expect((await api.historyOf(licenseId)).slice(1)).toEqual([
      'ProductAdded',
      'ProductRemoved',
      'ProductRemoved',
      'ProductRemoved',
      'ActivationDeactivated',
    ]);
  });

  test('changes all named products or none', async () => {
    const { licenseId } = await ledger.issue();
    const change = { add: ['workflow_app'], remove: ['cloud_ide'] };
    const key = { 'idempotency-key': 'products-once' };
    const send = () =>
      ledger.call('POST', `/v1/licenses/${licenseId}/products`, { key: ledger.a.apiKey, body: change, headers: key });
    const [first, again] = [await send(), await send()];
    expect(again.text).toBe(first.text);
    const { rows } = await ledger.database.superuser.query(
      `select count(distinct command_id)::int as commands, count(*)::int as events
       from rm.license_events where license_id = $1 and revision > 1`,
      [licenseId],
    );
    expect(rows).toEqual([{ commands: 1, events: 2 }]);
    await api.post(licenseId, 'revoke', { reason: { code: 'OVER' } });
    expect(refusal(await api.post(licenseId, 'products', { remove: ['workflow_app'] }))).toEqual([
      409,
      'LICENSE_REVOKED',
    ]);
  });

  test('must name a product and cannot both add and remove it', async () => {
    const { licenseId } = await ledger.issue();
    for (const change of [{}, { add: [] }, { add: ['local_cli'], remove: ['local_cli'] }, { add: ['Not A Code'] }])
      expect(refusal(await api.post(licenseId, 'products', change))).toEqual([400, 'INVALID_REQUEST']);
  });
});

describe('A change of entitlements', () => {
  test('grants, changes and revokes an entitlement, each once', async () => {
    const { licenseId } = await ledger.issue();
    const grant = { code: 'export', limit: 100, until: '2099-01-01T00:00:00.000Z' };
    const granted = { ...grant, value: null, source: 'grant', ended: false, withheld: false };
    expect((await api.done(licenseId, 'entitlements', { grant })).entitlements).toMatchObject([granted]);
    await api.done(licenseId, 'entitlements', { grant }, false);
    const { entitlements } = await api.done(licenseId, 'entitlements', { grant: { ...grant, limit: 5 } });
    expect(entitlements).toMatchObject([{ ...granted, limit: 5 }]);
    expect((await api.done(licenseId, 'entitlements', { revoke: 'export' })).entitlements).toEqual([]);
    await api.done(licenseId, 'entitlements', { revoke: 'export' }, false);
  });

  test('is refused for an ended entitlement, and for both or neither of grant and revoke', async () => {
    const { licenseId } = await ledger.issue();
    const change = async (body: object) => refusal(await api.post(licenseId, 'entitlements', body));
    expect(await change({ grant: { code: 'export', until: '2020-01-01T00:00:00Z' } })).toEqual([400, 'TERM_INVALID']);
    expect(await change({ grant: { code: 'export' }, revoke: 'export' })).toEqual([400, 'INVALID_REQUEST']);
    expect(await change({})).toEqual([400, 'INVALID_REQUEST']);
  });
});
