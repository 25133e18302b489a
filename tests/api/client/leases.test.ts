import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../../src/aggregates/aggregates.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { createPool } from '../../../src/projections/connect.ts';
import { issueDirectly, sendTo } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { quiet } from '../../support/read-models.ts';
import { clientOf, close, outline, sweepWith } from './client.ts';

const ttlSeconds = 100;
const lease = { scope: 'INSTANCE', ttlSeconds, resurrectSeconds: 0, borrowMaxSeconds: 86_400 } as const;
let ledger: Ledger;
let client: ReturnType<typeof clientOf>;
let store: ReturnType<Ledger['store']['connect']>;
let worker: ReturnType<typeof createPool>;
beforeAll(async () => {
  ledger = await startLedger();
  client = clientOf(ledger);
  store = ledger.store.connect();
  worker = createPool({ url: ledger.database.url, role: 'ledger_worker', max: 2, log: quiet });
});
afterAll(async () => {
  await worker.end();
  await ledger.stop();
});

type Wanted = NonNullable<Parameters<typeof issueDirectly>[1]>;

const issue = (changed: Partial<PinnedPolicy['lease']> = {}, wanted: Wanted = {}) =>
  issueDirectly(ledger, { ...wanted, policy: { ...wanted.policy, lease: { ...lease, ...changed } } });
const acquire = (licenseKey: string, holder = 'one', fields: object = {}) =>
  client.post('leases', licenseKey, { leaseHolder: holder, ...fields });
const taken = async (licenseKey: string, holder = 'one', fields: object = {}) => {
  const answer = await acquire(licenseKey, holder, fields);
  expect(outline(answer)).toEqual([201]);
  return String(answer.body.lease?.id);
};
const heartbeat = (licenseKey: string, leaseId: string, fields: object = {}) =>
  client.post(`leases/${leaseId}/heartbeat`, licenseKey, fields);
/** What the worker does, at the API's clock; its work is projected when it returns. */
const sweep = () => sweepWith(worker, ledger);
const eventsOf = async (licenseId: string) => (await store.read(licenseAggregate.stream(licenseId))).events;
const typesOf = async (licenseId: string) => (await eventsOf(licenseId)).slice(2).map(({ type }) => type);

describe('A floating seat', () => {
  test('is taken once per holder and stays with it', async () => {
    const { licenseId, licenseKey } = await issue();
    const first = await acquire(licenseKey, 'one', { product: 'local_cli' });
    expect([first.status, first.body]).toMatchObject([
      201,
      {
        lease: { licenseId, scope: 'INSTANCE', product: 'local_cli', borrowed: false, heartbeatSeconds: 33 },
        changed: true,
        limits: { seats: { used: 1, max: 5 } },
        revision: 2,
      },
    ]);
    expect(String(first.body.lease?.id)).toMatch(/^lea_/);
    const again = await acquire(licenseKey, 'one', { product: 'cloud_ide' });
    expect([again.status, again.body]).toMatchObject([
      200,
      { lease: { id: first.body.lease?.id, product: 'local_cli' }, changed: false, limits: { seats: { used: 1 } } },
    ]);
    expect(String(again.body.lease?.expiresAt) >= String(first.body.lease?.expiresAt)).toBe(true);
  });

  test('is refused when all are taken, and is free again after a release', async () => {
    const { licenseId, licenseKey } = await issue({}, { limits: { seats: 1 } });
    const leaseId = await taken(licenseKey, 'one');
    expect(outline(await acquire(licenseKey, 'two'))).toEqual([409, 'SEAT_LIMIT_EXCEEDED']);
    const released = await client.release(leaseId, licenseKey);
    expect([released.status, released.body]).toMatchObject([
      200,
      { leaseId, changed: true, limits: { seats: { used: 0, max: 1 } } },
    ]);
    expect((await client.release(leaseId, licenseKey)).body.changed).toBe(false as never);
    await taken(licenseKey, 'two');
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseReleased', 'LeaseAcquired']);
  });

  test('is given to five of a hundred concurrent requests when there are five', async () => {
    const { licenseKey } = await issue();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, holder) => acquire(licenseKey, `holder ${holder}`)),
    );
    expect(answers.map((answer) => outline(answer).join(' ')).sort()).toEqual([
      ...Array<string>(5).fill('201'),
      ...Array<string>(95).fill('409 SEAT_LIMIT_EXCEEDED'),
    ]);
  });

  test('is given only to an assigned user when the request names a user', async () => {
    const { licenseId, licenseKey } = await issue();
    const asked = { user: 'ada@example.com' };
    expect(outline(await acquire(licenseKey, 'one', asked))).toEqual([409, 'USER_NOT_ASSIGNED']);
    await client.assign(licenseId, 'ada@example.com');
    await taken(licenseKey, 'one', asked);
  });

  test('ends with its device when seats are counted by machine', async () => {
    const { licenseKey } = await issue({ scope: 'MACHINE' });
    await client.post('activate', licenseKey, { fingerprint: 'laptop' });
    await taken(licenseKey, 'laptop');
    const { body } = await client.post('deactivate', licenseKey, { fingerprint: 'laptop' });
    expect(body.limits).toMatchObject({ activations: { used: 0 }, seats: { used: 0 } });
  });

  test('is taken once per Idempotency-Key, also when the request is repeated after a release', async () => {
    const { licenseKey } = await issue();
    const ask = () =>
      ledger.call('POST', '/v1/licenses/leases', {
        body: { licenseKey, leaseHolder: 'one' },
        headers: { 'idempotency-key': 'seat-of-one' },
      });
    const first = await ask();
    await client.release(String(first.body.lease?.id), licenseKey);
    const again = await ask();
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test('can be taken, renewed and released with a credential of an organization', async () => {
    const { licenseId } = await issue();
    const as = (key: string) => ({
      acquire: () => ledger.call('POST', '/v1/licenses/leases', { key, body: { licenseId, leaseHolder: 'one' } }),
      keep: (id: string) => ledger.call('POST', `/v1/licenses/leases/${id}/heartbeat`, { key, body: { licenseId } }),
      release: (id: string) => ledger.call('DELETE', `/v1/licenses/leases/${id}?licenseId=${licenseId}`, { key }),
    });
    expect(outline(await as(ledger.b.apiKey).acquire())).toEqual([404, 'LICENSE_NOT_FOUND']);
    const seat = await as(ledger.a.apiKey).acquire();
    const leaseId = String(seat.body.lease?.id);
    expect(outline(await as(ledger.b.apiKey).keep(leaseId))).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect(outline(await as(ledger.a.apiKey).keep(leaseId))).toEqual([200]);
    expect(outline(await as(ledger.b.apiKey).release(leaseId))).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect(outline(await as(ledger.a.apiKey).release(leaseId))).toEqual([200]);
  });
});

describe('A heartbeat', () => {
  test('appends no event and keeps the seat for another time to live', async () => {
    const { licenseId, licenseKey } = await issue();
    const leaseId = await taken(licenseKey);
    for (const seconds of [90, 180, 270]) {
      const kept = await client.later(seconds, () => heartbeat(licenseKey, leaseId));
      expect([kept.status, kept.body.changed]).toEqual([200, false]);
      const goodFor = Date.parse(String(kept.body.lease?.expiresAt)) - Date.now() - seconds * 1_000;
      expect(goodFor).toBeGreaterThan(80_000);
    }
    await client.later(360, sweep);
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired']);
    expect((await client.later(360, () => client.post('validate', licenseKey, { leaseHolder: 'one' }))).body.code).toBe(
      'VALID' as never,
    );
    await client.later(372, sweep);
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseLapsed']);
  });

  test('is refused for an unknown, foreign or released lease', async () => {
    const [{ licenseKey }, other] = [await issue(), await issue()];
    const leaseId = await taken(licenseKey);
    expect(outline(await heartbeat(other.licenseKey, leaseId))).toEqual([404, 'NOT_FOUND']);
    expect(outline(await client.release(leaseId, other.licenseKey))).toEqual([404, 'NOT_FOUND']);
    expect(outline(await heartbeat(licenseKey, 'lea_01h455vb4pex5vsknk084sn02q'))).toEqual([404, 'NOT_FOUND']);
    await client.release(leaseId, licenseKey);
    expect(outline(await heartbeat(licenseKey, leaseId))).toEqual([404, 'NOT_FOUND']);
  });

  test('brings a lapsed lease back in the time that the policy allows, if a seat is free', async () => {
    const { licenseId, licenseKey } = await issue({ resurrectSeconds: 50 }, { limits: { seats: 1 } });
    const leaseId = await taken(licenseKey);
    await client.later(110, async () => {
      await sweep();
      const back = await heartbeat(licenseKey, leaseId);
      expect([back.status, back.body]).toMatchObject([
        200,
        { lease: { id: leaseId }, changed: true, limits: { seats: { used: 1 } } },
      ]);
    });
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseLapsed', 'LeaseAcquired']);
    await client.later(220, async () => {
      await taken(licenseKey, 'two');
      expect(outline(await heartbeat(licenseKey, leaseId))).toEqual([409, 'SEAT_LIMIT_EXCEEDED']);
    });
    await client.later(290, async () => {
      expect(outline(await heartbeat(licenseKey, leaseId))).toEqual([404, 'NOT_FOUND']);
    });
  });
});

describe('A seat without heartbeats', () => {
  test('is given to the next holder before the worker runs', async () => {
    const { licenseId, licenseKey } = await issue({}, { limits: { seats: 1 } });
    const leaseId = await taken(licenseKey, 'one');
    await client.later(95, async () => {
      expect(outline(await acquire(licenseKey, 'two'))).toEqual([409, 'SEAT_LIMIT_EXCEEDED']);
    });
    await client.later(101, () => taken(licenseKey, 'two'));
    const [, lapse] = (await eventsOf(licenseId)).slice(2);
    expect(lapse).toMatchObject({ type: 'LeaseLapsed', data: { leaseId } });
    await client.later(101, async () => {
      expect(outline(await heartbeat(licenseKey, leaseId))).toEqual([404, 'NOT_FOUND']);
    });
  });

  test('becomes a new seat when the same holder acquires again', async () => {
    const { licenseId, licenseKey } = await issue();
    const leaseId = await taken(licenseKey);
    const again = await client.later(101, () => taken(licenseKey));
    expect(again).not.toBe(leaseId);
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseLapsed', 'LeaseAcquired']);
  });
});

describe('A borrowed seat', () => {
  test('needs no heartbeats until its end and can be extended as far as the policy allows', async () => {
    const { licenseId, licenseKey } = await issue({}, { limits: { seats: 1 } });
    expect(outline(await acquire(licenseKey, 'one', { borrowSeconds: 86_401 }))).toEqual([400, 'LIMIT_INVALID']);
    const borrowed = await acquire(licenseKey, 'one', { borrowSeconds: 3_600 });
    expect(borrowed.body).toMatchObject({ lease: { borrowed: true }, changed: true });
    const leaseId = String(borrowed.body.lease?.id);
    await client.later(3_500, async () => {
      await sweep();
      expect(outline(await acquire(licenseKey, 'two'))).toEqual([409, 'SEAT_LIMIT_EXCEEDED']);
      const same = await heartbeat(licenseKey, leaseId);
      expect(same.body).toMatchObject({ lease: { expiresAt: borrowed.body.lease?.expiresAt }, changed: false });
      expect((await heartbeat(licenseKey, leaseId, { borrowSeconds: 3_600 })).body.changed).toBe(true as never);
    });
    await client.later(7_000, async () => {
      expect(outline(await acquire(licenseKey, 'two'))).toEqual([409, 'SEAT_LIMIT_EXCEEDED']);
    });
    await client.later(7_200, () => taken(licenseKey, 'two'));
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseExtended', 'LeaseLapsed', 'LeaseAcquired']);
  });

  test('ends with the license at the latest', async () => {
    const { licenseKey } = await issue({}, { term: { kind: 'duration', duration: 'PT1H', startsAt: null } });
    const { body } = await acquire(licenseKey, 'one', { borrowSeconds: 86_400 });
    expect(Date.parse(String(body.lease?.expiresAt)) - Date.now()).toBeLessThanOrEqual(3_600_000);
  });
});

describe('A license that may not be used', () => {
  const refusedAs = async (code: string, licenseKey: string, leaseId: string) => {
    expect(outline(await acquire(licenseKey, 'another'))).toEqual([409, code]);
    expect(outline(await heartbeat(licenseKey, leaseId))).toEqual([409, code]);
  };

  test('gives and renews no seat: suspended, expired, not of this product, revoked', async () => {
    const suspended = await issue();
    const leaseId = await taken(suspended.licenseKey);
    await sendTo(ledger, suspended.licenseId, { type: 'Suspend', data: { reasonCode: 'PAYMENT', until: null } });
    await refusedAs('LICENSE_SUSPENDED', suspended.licenseKey, leaseId);
    await client.later(101, sweep);
    expect((await typesOf(suspended.licenseId)).at(-1)).toBe('LeaseLapsed');

    const expired = await issue(
      { ttlSeconds: 10_000 },
      { term: { kind: 'duration', duration: 'PT1H', startsAt: null } },
    );
    const late = await taken(expired.licenseKey);
    await client.later(3_601, () => refusedAs('LICENSE_EXPIRED', expired.licenseKey, late));
    const other = await acquire(expired.licenseKey, 'two', { product: 'workflow_app' });
    expect(outline(other)).toEqual([409, 'PRODUCT_NOT_LICENSED']);

    const waiting = await issue({}, { term: { kind: 'firstValidation', duration: 'P1D' } });
    await taken(waiting.licenseKey);

    const revoked = await issue();
    const lost = await taken(revoked.licenseKey);
    await sendTo(ledger, revoked.licenseId, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
    await refusedAs('LICENSE_REVOKED', revoked.licenseKey, lost);
    expect(outline(await client.release(lost, revoked.licenseKey))).toEqual([409, 'LICENSE_REVOKED']);
  });

  test('of a closed issuer gives no seat and accepts releases', async () => {
    const doomed = await ledger.createVendor('Doomed');
    const { licenseKey } = await issue({}, { issuerOrgId: doomed.organizationId, limits: { meters: { calls: 5 } } });
    const leaseId = await taken(licenseKey);
    await client.post('activate', licenseKey, { fingerprint: 'laptop' });
    await close(ledger, doomed.organizationId);
    await refusedAs('ORGANIZATION_CLOSED', licenseKey, leaseId);
    const uses = [
      client.post('activate', licenseKey, { fingerprint: 'desktop' }),
      client.post('swap', licenseKey, { fingerprint: 'desktop', release: { fingerprint: 'laptop' } }),
      client.post('usage', licenseKey, { meter: 'calls', quantity: 1 }),
      client.get('features', licenseKey),
    ];
    for (const use of uses) expect(outline(await use)).toEqual([409, 'ORGANIZATION_CLOSED']);
    expect(outline(await client.release(leaseId, licenseKey))).toEqual([200]);
    expect(outline(await client.post('deactivate', licenseKey, { fingerprint: 'laptop' }))).toEqual([200]);
  });
});
