import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { issueDirectly } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { startObserving } from '../../support/observing.ts';
import { close } from '../client/client.ts';
import { entriesOf, observerOf } from './observer.ts';

let ledger: Ledger;
let observer: ReturnType<typeof observerOf>;
beforeAll(async () => {
  ledger = await startLedger();
  observer = observerOf(ledger);
});
afterAll(() => ledger.stop());
afterEach(() => {
  ledger.clock.aheadMs = 0;
});

describe('Validations', () => {
  test('are counted by UTC day and product, with the last one, and an unknown product makes no row', async () => {
    const license = await ledger.issue();
    const before = await observer.get(license);
    expect(before.body).toMatchObject({ lastValidatedAt: null, recentValidations: [] });
    await observer.validate(license, { product: 'local_cli' });
    await observer.validate(license, { product: 'local_cli' });
    await observer.validate(license, { product: 'unknown_product' });
    const after = await observer.get(license);
    const recentValidations = [
      { day: observer.today(), product: null, validations: 1, denied: 1 },
      { day: observer.today(), product: 'local_cli', validations: 2, denied: 0 },
    ];
    expect(after.body).toMatchObject({ recentValidations });
    expect(String(after.body.lastValidatedAt) > String(before.body.createdAt)).toBe(true);
    expect(after.headers.get('etag')).toBe(before.headers.get('etag'));
    expect(entriesOf(await observer.get(license, '/validations'))).toEqual(recentValidations);
    const past = await observer.get(license, `?asOf=${ledger.needs.now()}`);
    expect(past.body).toMatchObject({ lastValidatedAt: null, recentValidations: [] });
  });

  test('are read in the transaction of their license, also when the last one was long ago', async () => {
    const license = await ledger.issue();
    await observer.validate(license, { product: 'local_cli' });
    const { body } = await observer.get(license);
    observer.wait(30 * 86_400);
    // The first one also checks the API key again.
    await observer.get(license);
    let transactions = 0;
    const count = () => {
      transactions += 1;
    };
    ledger.database.api.on('acquire', count);
    const read = ledger.call('GET', `/v1/licenses/${license.licenseId}`, { key: ledger.a.apiKey });
    const later = await read.finally(() => ledger.database.api.off('acquire', count));
    expect(later.body).toMatchObject({ lastValidatedAt: body.lastValidatedAt, recentValidations: [] });
    expect(body.lastValidatedAt).not.toBeNull();
    expect(transactions).toBe(1);
  });

  test('of a member who signs in are no use, and those of an unknown key leave nothing', async () => {
    const license = await ledger.issue();
    const admin = await ledger.createMember(ledger.a.organizationId, 'ADMIN');
    const headers = { authorization: `Bearer ${admin.accessToken}` };
    const seen = await ledger.call('POST', '/v1/licenses/validate', {
      body: { licenseId: license.licenseId, product: 'unknown_product' },
      headers,
    });
    expect(seen.body.code).toBe('PRODUCT_NOT_LICENSED' as never);
    const unknown = { ...license, licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9' };
    expect((await observer.validate(unknown, { fingerprint: 'x' })).body.code).toBe('NOT_FOUND' as never);
    expect(entriesOf(await observer.get(license, '/validations'))).toEqual([]);
    expect(entriesOf(await observer.get(license, '/denials'))).toEqual([]);
  });

  test('of two API processes and of two days add up', async () => {
    const license = await ledger.issue();
    const other = startObserving(ledger.database.url, ledger.metrics);
    const owner = { issuerOrgId: ledger.a.organizationId, holderOrgId: null, licenseId: license.licenseId };
    const valid = { product: 'local_cli', valid: true, at: ledger.needs.now() };
    other.observations.validated(owner, valid);
    await Promise.all([
      observer.validate(license, { product: 'local_cli' }),
      observer.validate(license, { product: 'local_cli' }),
    ]);
    await Promise.all([other.write(), ledger.writeObservations()]);
    const first = observer.today();
    observer.wait(86_400);
    await observer.validate(license, { product: 'local_cli' });
    await other.stop();
    expect(entriesOf(await observer.get(license, '/validations'))).toEqual([
      { day: first, product: 'local_cli', validations: 3, denied: 0 },
      { day: observer.today(), product: 'local_cli', validations: 1, denied: 0 },
    ]);
    expect(entriesOf(await observer.get(license, `/validations?from=${first}&to=${first}`))).toHaveLength(1);
  });

  test('name days that are in order and not too many', async () => {
    const license = await ledger.issue();
    const refused = async (query: string) => {
      const { status, body } = await observer.get(license, `/validations?${query}`);
      return [status, body.code, Object.values(body.errors ?? {})[0]?.pointer];
    };
    expect(await refused('from=2027-01-02&to=2027-01-01')).toEqual([400, 'INVALID_REQUEST', '?from']);
    expect(await refused('from=2025-01-01&to=2027-01-01')).toEqual([400, 'INVALID_REQUEST', '?from']);
    expect(await refused('to=2027-02-30')).toEqual([400, 'INVALID_REQUEST', '?to']);
    expect((await observer.get(license, '/validations?to=1970-01-01')).body).toMatchObject({
      from: '1969-12-03',
      data: [],
    });
  });
});

describe('Denials', () => {
  test('name the code, the product, the version and a hint of the device, which is no part of its fingerprint', async () => {
    const license = await ledger.issue({ limits: { activations: 1 } });
    const fingerprint = '3f9c1a77d0e4b2';
    const fields = { fingerprint, product: 'local_cli', version: '2.1.0' };
    await observer.validate(license, fields);
    await observer.validate(license, fields);
    observer.wait(60);
    await observer.client('activate', license, { fingerprint: 'first' });
    await observer.client('activate', license, { fingerprint, product: 'local_cli', appVersion: '2.1.0' });
    const denials = entriesOf(await observer.get(license, '/denials'));
    const device = denials[0]?.device;
    expect(denials.map(({ deniedAt: _at, ...denial }) => denial)).toEqual([
      { code: 'ACTIVATION_LIMIT_EXCEEDED', product: 'local_cli', version: '2.1.0', device, addressPrefix: null },
      { code: 'NOT_ACTIVATED', product: 'local_cli', version: '2.1.0', device, addressPrefix: null },
    ]);
    expect(String(device)).toMatch(/^[0-9a-f]{8}$/);
    expect(fingerprint).not.toContain(String(device));
    const page = await observer.get(license, '/denials?limit=1');
    const next = await observer.get(license, `/denials?limit=1&cursor=${page.body.nextCursor}`);
    expect([...entriesOf(page), ...entriesOf(next)]).toEqual(denials);
    expect(next.body.nextCursor).toBeNull();
  });

  test('of a rotated key and of a seat are noted', async () => {
    const license = await ledger.issue({ limits: { seats: 1 } });
    await observer.client('leases', license, { leaseHolder: 'one' });
    await observer.client('leases', license, { leaseHolder: 'two', product: 'local_cli' });
    observer.wait(1);
    const rotated = await ledger.call('POST', `/v1/licenses/${license.licenseId}/rotate-key`, {
      key: ledger.a.apiKey,
      body: { reason: { code: 'LEAKED' } },
    });
    const position = rotated.headers.get('ledger-position') ?? '';
    await observer.client('validate', license, {}, { 'ledger-min-position': position });
    const denials = entriesOf(await observer.get(license, '/denials'));
    expect(denials).toMatchObject([
      { code: 'KEY_ROTATED', device: null },
      { code: 'SEAT_LIMIT_EXCEEDED', product: 'local_cli' },
    ]);
    expect(entriesOf(await observer.get(license, '/validations'))).toEqual([]);
  });

  test('keep the network of the client only when the policy says so', async () => {
    const license = await issueDirectly(ledger, { policy: { keepAddressPrefix: true } });
    await observer.validate(license, { product: 'unknown_product' });
    const [denial] = entriesOf(await observer.get(license, '/denials'));
    expect(denial).toMatchObject({ code: 'PRODUCT_NOT_LICENSED', addressPrefix: '127.0.0.0/24' });
  });
});

describe('Observations of use', () => {
  test('belongs to the issuer and the holder of that time, and nobody else learns of it', async () => {
    const { a, b } = ledger;
    const stranger = await ledger.createVendor('Stranger');
    const license = await ledger.issue();
    await observer.validate(license, { product: 'unknown_product' });
    const paths = ['/validations', '/denials'];
    const counts = async (key: string) => {
      const answers = await Promise.all(paths.map((path) => observer.get(license, path, key)));
      return answers.map(({ status, body }) => (status === 200 ? Object.values(body.data ?? {}).length : status));
    };
    expect([await counts(a.apiKey), await counts(b.apiKey), await counts(stranger.apiKey)]).toEqual([
      [1, 1],
      [404, 404],
      [404, 404],
    ]);
    const transferred = await ledger.call('POST', `/v1/licenses/${license.licenseId}/transfer`, {
      key: a.apiKey,
      body: { toHolderOrganizationId: b.organizationId, accepted: true, reason: { code: 'SOLD' } },
    });
    expect([transferred.status, transferred.body.code]).toEqual([200, undefined]);
    expect([await counts(a.apiKey), await counts(b.apiKey)]).toEqual([
      [1, 1],
      [0, 0],
    ]);
    expect((await observer.get(license, '', b.apiKey)).body).toMatchObject({
      lastValidatedAt: null,
      recentValidations: [],
    });
    const rows = await ledger.database.superuser.query(
      'select issuer_org_id from ops.validation_counts where license_id = $1',
      [license.licenseId],
    );
    expect(rows.rows).toEqual([{ issuer_org_id: a.organizationId }]);
  });

  test('adds up over the licenses of the issuer, by day and product', async () => {
    const vendor = await ledger.createVendor('Adding up');
    const [one, another] = [await ledger.issue({}, vendor), await ledger.issue({}, vendor)];
    const first = observer.today();
    for (const license of [one, another]) {
      await observer.validate(license, { product: 'local_cli' });
      await observer.validate(license, { product: 'unknown_product' });
      await ledger.writeObservations();
    }
    observer.wait(86_400);
    await observer.validate(one, { product: 'local_cli' });
    const sums = entriesOf(await observer.read('/v1/validations', vendor.apiKey));
    expect(sums).toEqual([
      { day: first, product: null, validations: 2, denied: 2 },
      { day: first, product: 'local_cli', validations: 2, denied: 0 },
      { day: observer.today(), product: 'local_cli', validations: 1, denied: 0 },
    ]);
    const oneDay = await observer.read(`/v1/validations?from=${first}&to=${first}`, vendor.apiKey);
    expect(entriesOf(oneDay)).toEqual(sums.slice(0, 2));
    const tooLong = await observer.read('/v1/validations?from=2020-01-01', vendor.apiKey);
    expect([tooLong.status, Object.values(tooLong.body.errors ?? {})[0]?.pointer]).toEqual([400, '?from']);
  });

  test('is hidden when its organization is closed', async () => {
    const vendor = await ledger.createVendor('Closing');
    const license = await ledger.issue({}, vendor);
    await observer.validate(license);
    expect(entriesOf(await observer.get(license, '/validations', vendor.apiKey))).toHaveLength(1);
    await close(ledger, vendor.organizationId);
    const paths = [`/v1/licenses/${license.licenseId}/validations`, '/v1/activations'];
    const statuses = async () =>
      (await Promise.all(paths.map((path) => observer.read(path, vendor.apiKey)))).map(({ status }) => status);
    // A notice tells the process of the closing.
    await expect.poll(statuses, { timeout: 20_000 }).toEqual([401, 401]);
  });

  test('waits in memory while Postgres does not take it, and no validation notices', async () => {
    const license = await ledger.issue();
    const { superuser } = ledger.database;
    await superuser.query('revoke insert on ops.validation_counts from ledger_api');
    try {
      expect((await observer.validate(license, { product: 'local_cli' })).body.valid).toBe(true as never);
      await expect(ledger.writeObservations()).rejects.toMatchObject({ code: '42501' });
      expect((await observer.validate(license, { product: 'local_cli' })).body.valid).toBe(true as never);
    } finally {
      await superuser.query('grant insert on ops.validation_counts to ledger_api');
    }
    await ledger.writeObservations();
    expect(entriesOf(await observer.get(license, '/validations'))).toMatchObject([{ validations: 2 }]);
  });
});
