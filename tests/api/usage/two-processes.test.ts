import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createUsageGathering,
  type UseOfRequest,
  type UseResult,
} from '../../../src/application/usage/gather-usage.ts';
import { createExecutor } from '../../../src/eventstore/executor/execute.ts';
import { uuidv5 } from '../../../src/eventstore/uuid-v5.ts';
import { purge } from '../../../src/workers/purge.ts';
import { issueDirectly } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { verdictOn } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';
import { useOfRequest } from '../../support/use-of-request.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const limit = sized(1_000, 200);
const usesMax = 10 * limit;
const namespace = '5f0c1f0e-7f0b-4f0e-9a55-3c1d3c0e9b21';

/** A process of its own: its store connection, its folded streams, its gathering, and a clock that is ahead. */
const startProcess = (aheadMs: number) => {
  let calls = 0;
  // Time passes fast for it, so that its batches do not wait for real seconds.
  const now = () => new Date(Date.now() + aheadMs + 600 * calls++).toISOString();
  const executor = createExecutor({ store: ledger.store.connect(), giveUpMs: 300, appendTimeoutMs: 200 });
  return createUsageGathering({ executor, pool: ledger.database.api, now });
};
type Process = ReturnType<typeof startProcess>;

const useOf = (licenseId: string, number: number): UseOfRequest =>
  useOfRequest(ledger, { licenseId, number, commandId: uuidv5(namespace, `use ${licenseId} ${number}`) });

/** Sends a use to both processes in turn until one of them answers it. */
const sendUntilAnswered = async (
  processes: readonly Process[],
  use: UseOfRequest,
  turn: number,
): Promise<UseResult> => {
  for (let tries = turn; ; tries++) {
    const [result] = await (processes[tries % processes.length] as Process)([use]).catch(() => []);
    if (result !== undefined && result.refusal?.rejected !== 'CONCURRENT_MODIFICATION') return result;
  }
};

test('Two processes accept exactly the quota, with lost replies and retries, and every repeat gets its first outcome', async () => {
  const { licenseId } = await issueDirectly(ledger, {
    policy: { usagePerMinute: 3_000 },
    limits: { meters: { builds: limit } },
  });
  const processes = [startProcess(0), startProcess(5_000)];
  const uses = Array.from({ length: usesMax }, (_, number) => useOf(licenseId, number));
  // Every third append is written and its reply lost. A process that died leaves the same behind.
  let appends = 0;
  ledger.faults.droppedReply = 'unavailable';
  ledger.faults.dropReply = () => appends++ % 3 === 1;
  const results: UseResult[] = [];
  // In waves, so that both processes append and meet.
  const wave = Math.ceil(usesMax / 5);
  for (let first = 0; first < usesMax; first += wave)
    results.push(
      ...(await Promise.all(
        uses.slice(first, first + wave).map((use, index) => sendUntilAnswered(processes, use, index)),
      )),
    );
  ledger.faults.dropReply = undefined;

  const isAccepted = ({ refusal }: UseResult) => refusal === null;
  expect(results.filter(isAccepted)).toHaveLength(limit);
  for (const { refusal } of results) expect([undefined, 'QUOTA_EXCEEDED']).toContain(refusal?.rejected);
  const log = await ledger.events();
  const batches = log.filter(({ type, stream }) => type === 'UsageBatchRecorded' && stream === `license-${licenseId}`);
  const ids = batches.flatMap(({ data }) => (data.entries as { usageId: string }[]).map(({ usageId }) => usageId));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(
    uses.flatMap(({ usage }, index) => (isAccepted(results[index] as UseResult) ? [usage.usageId] : [])).toSorted(),
  );
  expect(batches.at(-1)?.data.totalAfter).toBe(limit);

  // A third process, which knows nothing of the first two.
  const again = await startProcess(10_000)(uses.slice(0, 100));
  expect(again.map(({ refusal, after }) => [refusal?.rejected, after?.changed])).toEqual(
    results.slice(0, 100).map(({ refusal, after }) => [refusal?.rejected, after?.changed]),
  );
});

test('The worker removes ids of usage after 36 days and no others, and a verification misses only the others', async () => {
  const day = 86_400_000;
  ledger.clock.aheadMs = -60 * day;
  const { licenseId } = await issueDirectly(ledger, { limits: { meters: { builds: 9 } } });
  ledger.clock.aheadMs = -37 * day;
  await startProcess(ledger.clock.aheadMs)([useOf(licenseId, 1)]);
  ledger.clock.aheadMs = -34 * day;
  const [result] = await startProcess(ledger.clock.aheadMs)([useOf(licenseId, 2)]);
  await ledger.projected.waitFor(result?.after?.position ?? 0n, 10_000);
  const { superuser, worker, projector } = ledger.database;
  const ids = async () =>
    (await superuser.query('select usage_id from rm.usage_ids where license_id = $1', [licenseId])).rows;
  const log = await ledger.events();
  const wrong = async () => (await verdictOn(projector, log)).findings.map(({ what }) => what);
  expect(await ids()).toHaveLength(2);
  expect(await purge(worker)).toBeGreaterThan(0);
  expect(await ids()).toEqual([{ usage_id: 'u2' }]);
  expect(await wrong()).toEqual([]);
  await superuser.query('delete from rm.usage_ids where license_id = $1', [licenseId]);
  // A missing row of 34 days is none that the worker removes.
  expect(await wrong()).toEqual([expect.stringContaining('usage_ids')]);
  await expect(worker.query('select usage_id from rm.usage_ids')).rejects.toMatchObject({ code: '42501' });
});
