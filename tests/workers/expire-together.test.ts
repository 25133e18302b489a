import { afterAll, beforeAll, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { connectLogReader } from '../../src/eventstore/read-log.ts';
import { aggregateId, newCommandId } from '../../src/eventstore/uuids.ts';
import { createPool } from '../../src/projections/connect.ts';
import { verifyLedger } from '../../src/projections/verify/verify.ts';
import { migrateQueue } from '../../src/workers/queue.ts';
import { startWorker } from '../../src/workers/worker.ts';
import { context, issueLicense, send as sendCommand } from '../support/commands.ts';
import { expectWholeChain } from '../support/expect-chain.ts';
import { foldsOf } from '../support/folds.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { condition } from '../support/product.ts';
import { quiet } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

const licenses = sized(1_200);
const atOnce = 50;
let ledger: Ledger;
let pool: ReturnType<typeof createPool>;
beforeAll(async () => {
  ledger = await startLedger();
  pool = createPool({ url: ledger.database.url, role: 'ledger_worker', max: 4, log: quiet });
  await migrateQueue(ledger.database.url);
}, 60_000);
afterAll(async () => {
  await pool.end();
  await ledger.stop();
});

/** Starts a worker with its own queue, so that each of the workers sweeps every second. */
const startOwnWorker = (queueName: string, aheadMs: number) => {
  const executor = createExecutor({ store: ledger.store.connect() });
  const worker = startWorker({
    pool,
    executor,
    queueName,
    log: quiet,
    expirySweepSeconds: 1,
    backend: { kind: 'postgres', url: ledger.database.url },
    now: () => new Date(Date.now() + aheadMs),
  });
  return { executor, worker };
};

test(`${licenses} licenses that expire in one second are announced once each by two workers, and no chain breaks`, async () => {
  const licenseIds = Array.from({ length: licenses }, () => encodeId('lic', aggregateId(newCommandId(), 'license')));
  const workers = [startOwnWorker('one worker', 0), startOwnWorker('another worker', 900)];
  await Promise.all(workers.map(({ worker }) => worker));

  const second = Math.ceil(Date.now() / 1_000) * 1_000 + 5_000 + licenses * 100;
  const issue = async (licenseId: string, index: number) => {
    const { data, ...issued } = issueLicense(licenseId);
    const expiresAt = new Date(second + (index % 1_000)).toISOString();
    const term = { kind: 'fixed', expiresAt, startsAt: null } as const;
    const command = {
      ...issued,
      at: new Date().toISOString(),
      data: { ...data, term, issuerOrgId: ledger.a.organizationId },
    };
    const issuance = await sendCommand(ledger.executor, licenseAggregate, licenseId, command, context(), () => null);
    expect(issuance).toMatchObject({ outcome: 'appended' });
  };
  for (let first = 0; first < licenses; first += atOnce)
    await Promise.all(
      licenseIds.slice(first, first + atOnce).map((licenseId, index) => issue(licenseId, first + index)),
    );

  const store = ledger.store.connect();
  const announcements = async (licenseId: string) =>
    (await store.read(`license-${licenseId}`)).events.filter(({ type }) => type === 'LicenseExpired');
  for (const licenseId of licenseIds)
    await condition('its expiry is announced', async () => (await announcements(licenseId)).length > 0, 120_000);
  await Promise.all(workers.map(async ({ worker }) => (await worker).close()));

  for (const licenseId of licenseIds) {
    expect([licenseId, await announcements(licenseId)]).toEqual([licenseId, [expect.anything()]]);
    expectWholeChain((await store.read(`license-${licenseId}`)).events);
  }
  const known = await foldsOf(createExecutor({ store }), licenseIds);
  for (const { executor } of workers) expect(await foldsOf(executor, licenseIds)).toEqual(known);

  const head = await store.head({ timeoutMs: 10_000 });
  await ledger.projected.waitFor(head?.commit ?? 0n, 60_000);
  const reader = connectLogReader({ url: ledger.store.url });
  const verdict = await verifyLedger({ store, readLog: reader.read, pool: ledger.database.projector });
  await reader.close();
  expect(verdict).toMatchObject({ intact: true, notProjected: 0, parked: 0 });
}, 180_000);
