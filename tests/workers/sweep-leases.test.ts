import type { PoolClient, QueryArrayConfig } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { encodeId } from '../../src/domain/ids.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import { aggregateId, newCommandId } from '../../src/eventstore/uuids.ts';
import { asTenant } from '../../src/postgres/tenant.ts';
import { createPool } from '../../src/projections/connect.ts';
import { deadLeases, noteHeartbeat, overdueLeases, purgeLiveness } from '../../src/records/lease-liveness.ts';
import { migrateQueue } from '../../src/workers/queue.ts';
import { sweepLeases } from '../../src/workers/sweep-leases.ts';
import { startWorker } from '../../src/workers/worker.ts';
import { issueDirectly, sendTo } from '../support/issue-directly.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { testHash } from '../support/license-fixtures.ts';
import { condition } from '../support/product.ts';
import { quiet } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

const ttlSeconds = 100;
let ledger: Ledger;
let store: ReturnType<Ledger['store']['connect']>;
let pool: ReturnType<typeof createPool>;
beforeAll(async () => {
  ledger = await startLedger();
  store = ledger.store.connect();
  pool = createPool({ url: ledger.database.url, role: 'ledger_worker', max: 4, log: quiet });
});
afterAll(async () => {
  await pool.end();
  await ledger.stop();
});

type Lease = PinnedPolicy['lease'];
const lease: Lease = { scope: 'INSTANCE', ttlSeconds, resurrectSeconds: 0, borrowMaxSeconds: 86_400 };
const license = async (changed: Partial<Lease> = {}) =>
  (await issueDirectly(ledger, { policy: { lease: { ...lease, ...changed } } })).licenseId;
/** Acquires a lease for a holder. Returns it with the instant. */
const acquire = async (licenseId: string, holder = 'one', borrowSeconds: number | null = null) => {
  const leaseId = encodeId('lea', aggregateId(newCommandId(), 'lease'));
  const data = { leaseId, holderHash: testHash(holder), product: null, userRef: null, borrowSeconds, dead: [] };
  const { events } = await sendTo(ledger, licenseId, { type: 'AcquireLease', data });
  return { leaseId, at: Date.parse(String(events.at(-1)?.metadata.recordedAt)) };
};
const later = (at: number, seconds: number) => new Date(at + seconds * 1_000);
const heard = (licenseId: string, leaseId: string, at: Date) => {
  const owner = { issuerOrgId: ledger.a.organizationId, holderOrgId: null, licenseId };
  return asTenant(
    ledger.database.api,
    owner.issuerOrgId,
    (db) => noteHeartbeat(db, owner, { leaseId, seenAt: at.toISOString() }),
    {
      readOnly: false,
    },
  );
};
/** Returns a connection that runs `between` after a heartbeat has read that its lease is being ended. */
const interrupted = (db: PoolClient, between: () => Promise<unknown>) => {
  let isDone = false;
  return new Proxy(db, {
    get: (target, name) =>
      name !== 'query'
        ? Reflect.get(target, name)
        : async (query: QueryArrayConfig) => {
            if (query.name === 'lease-ending' && !isDone) {
              isDone = true;
              await between();
            }
            return target.query(query);
          },
  });
};
const fail = (error: unknown) => {
  throw error;
};
const sweep = (at: Date, page = 2_000) =>
  sweepLeases({
    overdue: ({ now, after: place }) => overdueLeases(pool, { now, limit: page, after: place }),
    executor: ledger.executor,
    now: () => at,
    onError: fail,
  });
const events = async (licenseId: string) => (await store.read(licenseAggregate.stream(licenseId))).events;
const lapses = async (licenseId: string) => (await events(licenseId)).filter(({ type }) => type === 'LeaseLapsed');
/** Waits until the rows contain all events of the license. */
const caughtUp = async (licenseId: string) =>
  ledger.projected.waitFor((await events(licenseId)).at(-1)?.position.commit ?? 0n, 10_000);

describe('A lease without heartbeats', () => {
  test('lives to the last millisecond of its time, and the worker ends it with that instant', async () => {
    const licenseId = await license();
    const { leaseId, at } = await acquire(licenseId);
    await sweep(new Date(at + ttlSeconds * 1_000 - 1));
    expect(await lapses(licenseId)).toEqual([]);
    await sweep(later(at, 900_000));
    const [lapse, ...more] = await lapses(licenseId);
    expect(more).toEqual([]);
    expect(lapse).toMatchObject({
      data: { leaseId, lastSeenAt: new Date(at).toISOString(), inUseAfter: 0 },
      metadata: { effectiveAt: later(at, ttlSeconds).toISOString(), actor: { type: 'SYSTEM', id: 'expiry-sweep' } },
    });
  });

  test('lives for its time to live after the last heartbeat, even when heartbeats are stored out of order', async () => {
    const licenseId = await license();
    const { leaseId, at } = await acquire(licenseId);
    await heard(licenseId, leaseId, later(at, 90));
    await heard(licenseId, leaseId, later(at, 60));
    await sweep(later(at, 189));
    expect(await lapses(licenseId)).toEqual([]);
    await sweep(later(at, 190));
    expect(await lapses(licenseId)).toMatchObject([{ data: { lastSeenAt: later(at, 90).toISOString() } }]);
  });

  test('is not ended early by a heartbeat right after it was acquired', async () => {
    const licenseId = await license();
    const { leaseId, at } = await acquire(licenseId);
    await heard(licenseId, leaseId, later(at, -50));
    await sweep(later(at, 99));
    expect(await lapses(licenseId)).toEqual([]);
  });

  test('gives its seat to the next holder before any sweep', async () => {
    const licenseId = await license();
    const [one, two] = [await acquire(licenseId, 'one'), await acquire(licenseId, 'two')];
    await heard(licenseId, two.leaseId, later(two.at, 50));
    const dead = (at: Date) =>
      asTenant(ledger.database.api, ledger.a.organizationId, (db) => deadLeases(db, licenseId, at.toISOString()));
    expect(await dead(later(one.at, 99))).toEqual([]);
    expect(await dead(later(two.at, 100))).toEqual([
      { leaseId: one.leaseId, lastSeenAt: new Date(one.at).toISOString() },
    ]);
  });
});

test('After a loss of the heartbeat table, each lease ends at its first expiry', async () => {
  const licenseId = await license();
  const { leaseId, at } = await acquire(licenseId);
  await heard(licenseId, leaseId, later(at, 1_000_000));
  await ledger.database.superuser.query('truncate ops.lease_liveness');
  await sweep(later(at, 99));
  expect(await lapses(licenseId)).toEqual([]);
  await sweep(later(at, 100));
  expect(await lapses(licenseId)).toHaveLength(1);
});

test('A borrowed lease ends with its borrow, with or without heartbeats', async () => {
  const licenseId = await license();
  const { leaseId, at } = await acquire(licenseId, 'one', 5_000);
  await heard(licenseId, leaseId, later(at, 4_999));
  await sweep(later(at, 4_999));
  expect(await lapses(licenseId)).toEqual([]);
  await sweep(later(at, 5_000));
  const effectiveAt = later(at, 5_000).toISOString();
  expect(await lapses(licenseId)).toMatchObject([{ metadata: { effectiveAt } }]);
});

test('A lease that was renewed after a lapse lapses again', async () => {
  const licenseId = await license({ resurrectSeconds: 1_000_000 });
  const { leaseId, at } = await acquire(licenseId);
  await sweep(later(at, 100));
  await caughtUp(licenseId);
  const renewed = { type: 'RenewLease', data: { leaseId, borrowSeconds: null } } as const;
  ledger.clock.aheadMs = 200_000;
  await sendTo(ledger, licenseId, renewed).finally(() => {
    ledger.clock.aheadMs = 0;
  });
  await sweep(later(at, 5_000));
  expect(await lapses(licenseId)).toHaveLength(2);
});

test('Concurrent sweeps end each of many overdue leases once, and leave live leases alone', async () => {
  const licenseId = (
    await issueDirectly(ledger, { limits: { seats: 100 }, policy: { lease: { ...lease, ttlSeconds: 10 } } })
  ).licenseId;
  const taken = await Promise.all(Array.from({ length: 30 }, (_, holder) => acquire(licenseId, String(holder))));
  const at = Math.max(...taken.map((lease) => lease.at));
  const living = taken.slice(0, 20);
  for (const lease of living) await heard(licenseId, lease.leaseId, later(at, 5));
  await Promise.all([sweep(later(at, 11), 7), sweep(later(at, 11), 7), sweep(later(at, 11), 7)]);
  const ended = (await lapses(licenseId)).map(({ data }) => data.leaseId);
  expect(ended.toSorted()).toEqual(
    taken
      .slice(20)
      .map(({ leaseId }) => leaseId)
      .toSorted(),
  );
});

test('Heartbeat rows of ended leases are removed, and those of open or unprojected leases stay', async () => {
  await ledger.database.superuser.query('truncate ops.lease_liveness');
  const licenseId = await license();
  const [ended, open] = [await acquire(licenseId, 'ended'), await acquire(licenseId, 'open')];
  const unknown = 'lea_00000000000000000000000000';
  for (const leaseId of [ended.leaseId, open.leaseId, unknown]) await heard(licenseId, leaseId, later(open.at, 0));
  await sendTo(ledger, licenseId, { type: 'ReleaseLease', data: { leaseId: ended.leaseId, by: 'USER' } });
  expect(await purgeLiveness(pool)).toBe(1);
  const { rows } = await ledger.database.superuser.query('select lease_id from ops.lease_liveness');
  expect(rows.map((row) => row.lease_id).toSorted()).toEqual([open.leaseId, unknown].toSorted());
});

test('A lease that its stream does not contain is reported and does not stop the others', async () => {
  const licenseId = await license();
  const { leaseId, at } = await acquire(licenseId);
  const lastSeenAt = new Date(at).toISOString();
  const broken = { licenseId: 'lic_00000000000000000000000000', leaseId, lastSeenAt };
  const failed: string[] = [];
  const count = await sweepLeases({
    overdue: async () => ({ overdue: [broken, { licenseId, leaseId, lastSeenAt }], next: null }),
    executor: ledger.executor,
    now: () => later(at, 100),
    onError: (error, lease) => failed.push(`${lease.licenseId}: ${error}`),
  });
  expect({ count, failed }).toEqual({ count: 1, failed: [expect.stringContaining(broken.licenseId)] });
});

test('The scheduled worker ends overdue leases in its sweep', async () => {
  await migrateQueue(ledger.database.url);
  const licenseId = await license({ ttlSeconds: 1 });
  await acquire(licenseId);
  const backend = { kind: 'postgres', url: ledger.database.url } as const;
  const worker = await startWorker({
    backend,
    pool,
    executor: ledger.executor,
    expirySweepSeconds: 1,
    now: () => new Date(),
    log: quiet,
  });
  await condition('the lease lapsed', async () => (await lapses(licenseId)).length === 1);
  await worker.close();
});

test('A stopping worker finishes the leases that it has started and leaves the others to the next one', async () => {
  const count = sized(2_000);
  const { licenseId } = await issueDirectly(ledger, { limits: { seats: count }, policy: { lease } });
  const taken = await Promise.all(Array.from({ length: count }, (_, holder) => acquire(licenseId, String(holder))));
  const at = later(Math.max(...taken.map((lease) => lease.at)), ttlSeconds);
  const start = (executor: Ledger['executor'], queueName: string) =>
    startWorker({
      backend: { kind: 'postgres', url: ledger.database.url },
      pool,
      executor,
      expirySweepSeconds: 1,
      now: () => at,
      log: quiet,
      queueName,
    });
  let closing: Promise<void> | null = null;
  const stopping: Ledger['executor'] = {
    ...ledger.executor,
    execute: (...command) => {
      closing ??= worker.close();
      return ledger.executor.execute(...command);
    },
  };
  const worker = await start(stopping, 'stopping');
  await condition('the first lease is being ended', () => closing !== null);
  await closing;
  expect((await lapses(licenseId)).length).toBeLessThan(count);
  const next = await start(ledger.executor, 'next');
  await condition('all leases are ended', async () => (await lapses(licenseId)).length === count);
  await next.close();
});

describe('A heartbeat of a lease that is being ended', () => {
  const changes = {
    'was removed': 'delete from ops.lease_liveness where lease_id = $1',
    'is no longer being ended': 'update ops.lease_liveness set ending_seen_at = null where lease_id = $1',
  };
  test.each(Object.entries(changes))('is stored when the row %s meanwhile', async (_, change) => {
    const licenseId = await license();
    const { leaseId, at } = await acquire(licenseId);
    const { superuser } = ledger.database;
    await superuser.query(
      `insert into ops.lease_liveness (issuer_org_id, license_id, lease_id, last_seen_at, ending_seen_at)
        values ($1, $2, $3, $4, $4)
        on conflict (issuer_org_id, license_id, lease_id) do update set ending_seen_at = excluded.ending_seen_at`,
      [ledger.a.organizationId, licenseId, leaseId, later(at, 0)],
    );
    const owner = { issuerOrgId: ledger.a.organizationId, holderOrgId: null, licenseId };
    const db = await superuser.connect();
    const interrupting = interrupted(db, () => superuser.query(change, [leaseId]));
    const heard = await noteHeartbeat(interrupting, owner, { leaseId, seenAt: later(at, 5).toISOString() }).finally(
      () => db.release(),
    );
    expect(heard).toEqual({ endingSince: null, isNew: change.startsWith('delete') });
    const { rows } = await superuser.query('select last_seen_at from ops.lease_liveness where lease_id = $1', [
      leaseId,
    ]);
    expect(rows).toEqual([{ last_seen_at: later(at, 5) }]);
  });
});
