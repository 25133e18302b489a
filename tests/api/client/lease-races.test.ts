import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../../src/aggregates/aggregates.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { createExecutor, type Executor } from '../../../src/eventstore/executor/execute.ts';
import { claimEndings, overdueLeases } from '../../../src/records/lease-liveness.ts';
import { sweepLeases } from '../../../src/workers/sweep-leases.ts';
import { issueDirectly } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { clientOf, outline } from './client.ts';

const ttlSeconds = 100;
const lease = { scope: 'INSTANCE', ttlSeconds, resurrectSeconds: 0, borrowMaxSeconds: 86_400 } as const;
let ledger: Ledger;
let client: ReturnType<typeof clientOf>;
let store: ReturnType<Ledger['store']['connect']>;
/** The executor of another process than the API's. */
let other: Executor;
beforeAll(async () => {
  ledger = await startLedger();
  client = clientOf(ledger);
  store = ledger.store.connect();
  other = createExecutor({ store });
});
afterAll(() => ledger.stop());

const issue = (changed: Partial<PinnedPolicy['lease']> = {}, seats = 1) =>
  issueDirectly(ledger, { limits: { seats }, policy: { lease: { ...lease, ...changed } } });
/** Takes a seat; its row is there when it returns. */
const taken = async (licenseKey: string, holder = 'one') => {
  const answer = await client.post('leases', licenseKey, { leaseHolder: holder });
  expect(outline(answer)).toEqual([201]);
  await ledger.projected.waitFor(BigInt(answer.headers.get('ledger-position') ?? 0), 10_000);
  return String(answer.body.lease?.id);
};
const heartbeat = (licenseKey: string, leaseId: string) => client.post(`leases/${leaseId}/heartbeat`, licenseKey);
const typesOf = async (licenseId: string) =>
  (await store.read(licenseAggregate.stream(licenseId))).events.slice(2).map(({ type }) => type);
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000);

/** Sweeps by a clock that is this far ahead; `between` happens once it has decided which leases to end. */
const sweep = (aheadSeconds: number, between: () => Promise<unknown> = async () => {}) =>
  sweepLeases({
    overdue: async (page) => {
      const found = await overdueLeases(ledger.database.worker, page);
      await between();
      return found;
    },
    executor: other,
    now: () => inSeconds(aheadSeconds),
    onError: (error) => {
      throw error;
    },
  });

describe('A heartbeat while its lease is being ended', () => {
  test('tells the holder that the seat has ended after the worker has claimed its end', async () => {
    const { licenseId, licenseKey } = await issue();
    const leaseId = await taken(licenseKey);
    const answers: unknown[] = [];
    const ended = await sweep(ttlSeconds + 10, async () => answers.push(outline(await heartbeat(licenseKey, leaseId))));
    expect(answers).toEqual([[404, 'NOT_FOUND']]);
    // The heartbeat itself has ended it.
    expect(ended).toBe(0);
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseLapsed']);
  });

  test('keeps the seat when it arrives before the worker', async () => {
    const { licenseId, licenseKey } = await issue();
    const leaseId = await taken(licenseKey);
    const page = { now: inSeconds(ttlSeconds + 10).toISOString(), limit: 10, after: null };
    const before = await overdueLeases(ledger.database.worker, page);
    expect(before.overdue).toMatchObject([{ leaseId }]);
    // As if it had read that and not claimed it yet.
    await ledger.database.superuser.query('update ops.lease_liveness set ending_seen_at = null');
    expect(outline(await heartbeat(licenseKey, leaseId))).toEqual([200]);
    const stale = before.overdue.map((each) => ({ ...each, issuerOrgId: ledger.a.organizationId }));
    expect(await claimEndings(ledger.database.worker, stale)).toEqual([]);
    await sweep(ttlSeconds - 1);
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired']);
  });

  test('brings a seat back when the policy allows it, and the earlier claim does not end it again', async () => {
    const { licenseId, licenseKey } = await issue({ resurrectSeconds: 1_000 });
    const leaseId = await taken(licenseKey);
    await sweep(ttlSeconds + 10, async () => {
      const answer = await heartbeat(licenseKey, leaseId);
      expect([answer.status, answer.body.changed]).toEqual([200, true]);
    });
    expect(outline(await heartbeat(licenseKey, leaseId))).toEqual([200]);
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseLapsed', 'LeaseAcquired']);
  });

  test('ends the lease when the worker died after its claim', async () => {
    const [one, two] = [await issue(), await issue()];
    const [leaseOne] = [await taken(one.licenseKey), await taken(two.licenseKey)];
    const died = sweep(ttlSeconds + 10, () => Promise.reject(new Error('It died.')));
    await expect(died).rejects.toThrow('It died.');
    expect(outline(await heartbeat(one.licenseKey, leaseOne))).toEqual([404, 'NOT_FOUND']);
    expect(await sweep(ttlSeconds + 10)).toBe(1);
    for (const { licenseId } of [one, two]) expect(await typesOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseLapsed']);
  });

  test('gets 503, not 500, when other requests keep changing the license', async () => {
    const { licenseKey } = await issue();
    const leaseId = await taken(licenseKey);
    const { execute } = ledger.executor;
    const overtaken = { rejected: 'CONCURRENT_MODIFICATION', detail: 'Others kept changing it.' } as const;
    await sweep(ttlSeconds + 10, async () => {
      let calls = 0;
      Object.assign(ledger.executor, {
        // The first command is the heartbeat's own, the second ends the lease.
        execute: async (...command: Parameters<typeof execute>) => {
          calls += 1;
          return calls === 2 ? overtaken : execute(...command);
        },
      });
      try {
        expect(outline(await heartbeat(licenseKey, leaseId))).toEqual([503, 'UNAVAILABLE']);
      } finally {
        Object.assign(ledger.executor, { execute });
      }
    });
  });

  test('gives a holder that acquires again a new seat', async () => {
    const { licenseId, licenseKey } = await issue();
    const leaseId = await taken(licenseKey);
    await sweep(ttlSeconds + 10, async () => {
      const again = await client.post('leases', licenseKey, { leaseHolder: 'one' });
      expect(outline(again)).toEqual([201]);
      expect(again.body.lease?.id).not.toBe(leaseId);
    });
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseLapsed', 'LeaseAcquired']);
  });

  test('is not confirmed for a seat that another holder has taken', async () => {
    const { licenseId, licenseKey } = await issue();
    const leaseId = await taken(licenseKey);
    let heard: Promise<unknown> = Promise.resolve();
    const { execute } = ledger.executor;
    // Between the look for dead leases and the command that takes their seat.
    Object.assign(ledger.executor, {
      execute: async (...command: Parameters<typeof execute>) => {
        Object.assign(ledger.executor, { execute });
        ledger.clock.aheadMs = 0;
        heard = heartbeat(licenseKey, leaseId).then(outline);
        await heard;
        return execute(...command);
      },
    });
    ledger.clock.aheadMs = (ttlSeconds + 10) * 1_000;
    try {
      const second = await client.post('leases', licenseKey, { leaseHolder: 'two' });
      expect(outline(second)).toEqual([201]);
    } finally {
      ledger.clock.aheadMs = 0;
      Object.assign(ledger.executor, { execute });
    }
    expect(await heard).toEqual([404, 'NOT_FOUND']);
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseLapsed', 'LeaseAcquired']);
  });

  test('finds that the lease has ended when its row was removed', async () => {
    const { licenseId, licenseKey } = await issue();
    const leaseId = await taken(licenseKey);
    const { execute } = ledger.executor;
    let calls = 0;
    Object.assign(ledger.executor, {
      execute: async (...command: Parameters<typeof execute>) => {
        const executed = await execute(...command);
        calls += 1;
        // The API has just seen the lease; it ends, and what was noted of it is removed.
        if (calls === 1) {
          await sweep(ttlSeconds + 10);
          await ledger.database.superuser.query('delete from ops.lease_liveness where lease_id = $1', [leaseId]);
        }
        return executed;
      },
    });
    try {
      expect(outline(await heartbeat(licenseKey, leaseId))).toEqual([404, 'NOT_FOUND']);
    } finally {
      Object.assign(ledger.executor, { execute });
    }
    expect(await typesOf(licenseId)).toEqual(['LeaseAcquired', 'LeaseLapsed']);
  });
});
