import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createUsageGathering,
  type UseOfRequest,
  type UseResult,
} from '../../../src/application/usage/gather-usage.ts';
import { createExecutor } from '../../../src/eventstore/executor/execute.ts';
import { uuidv5 } from '../../../src/eventstore/uuid-v5.ts';
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

const total = sized(1_000, 60);
const namespace = '5f0c1f0e-7f0b-4f0e-9a55-3c1d3c0e9b21';

/** A process of its own. Time passes fast for it, so that its batches do not wait for real seconds. */
const startProcess = (aheadMs: number, waits = { giveUpMs: 300, appendTimeoutMs: 200 }) => {
  let calls = 0;
  const now = () => new Date(Date.now() + aheadMs + 600 * calls++).toISOString();
  const executor = createExecutor({ store: ledger.store.connect(), ...waits });
  return createUsageGathering({ executor, pool: ledger.database.api, now });
};
type Process = ReturnType<typeof startProcess>;

const useOf = (licenseId: string, number: number, changes: Partial<UseOfRequest['usage']>): UseOfRequest => {
  const use = useOfRequest(ledger, { licenseId, number, commandId: uuidv5(namespace, `${licenseId} ${number}`) });
  // The issuer records and corrects usage.
  const credential = { kind: 'apiKey', scopes: ['licenses:activate', 'licenses:write'] } as const;
  const by = { kind: 'organization', organizationId: ledger.a.organizationId, credential } as const;
  return { ...use, request: { ...use.request, by }, usage: { ...use.usage, ...changes } };
};

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

test('Two processes together correct a usage to exactly 0, with lost replies and retries', async () => {
  const { licenseId } = await issueDirectly(ledger, {
    policy: { usagePerMinute: 3_000 },
    limits: { meters: { builds: total } },
  });
  const processes = [startProcess(0), startProcess(5_000)];
  await sendUntilAnswered(processes, useOf(licenseId, 0, { usageId: 'u0', quantity: total }), 0);
  let appends = 0;
  ledger.faults.droppedReply = 'unavailable';
  ledger.faults.dropReply = () => appends++ % 3 === 1;
  const corrections = Array.from({ length: 3 * total }, (_, index) =>
    useOf(licenseId, index + 1, { usageId: `c${index}`, quantity: -1, corrects: 'u0' }),
  );
  const results: UseResult[] = [];
  for (let first = 0; first < corrections.length; first += total)
    results.push(
      ...(await Promise.all(
        corrections.slice(first, first + total).map((use, index) => sendUntilAnswered(processes, use, index)),
      )),
    );
  ledger.faults.dropReply = undefined;

  expect(results.filter(({ refusal }) => refusal === null)).toHaveLength(total);
  for (const { refusal } of results) expect([undefined, 'CORRECTION_EXCEEDS_USAGE']).toContain(refusal?.rejected);
  const log = await ledger.events();
  const events = log.filter(({ stream }) => stream === `license-${licenseId}`);
  const entries = events.flatMap(({ type, data }) =>
    type === 'UsageCorrected' ? (data.entries as { quantity: number }[]) : [],
  );
  expect([entries.length, events.at(-1)?.data.totalAfter]).toEqual([total, 0]);

  // A third process, which knows nothing of the first two.
  const again = await startProcess(10_000)(corrections.slice(0, 20));
  expect(again.map(({ refusal, after }) => [refusal?.rejected, after?.changed])).toEqual(
    results.slice(0, 20).map(({ refusal, after }) => [refusal?.rejected, after?.changed]),
  );
  await ledger.projected.waitFor(log.at(-1)?.position.commit ?? 0n, 10_000);
  expect((await verdictOn(ledger.database.projector, await ledger.events())).findings).toEqual([]);
});

test('Usage and corrections that alternate in one list, and usage that waits with them, all count', async () => {
  const { licenseId } = await issueDirectly(ledger, {
    policy: { usagePerMinute: 3_000 },
    limits: { meters: { builds: 1_000 } },
  });
  const patient = startProcess(0, { giveUpMs: 20_000, appendTimeoutMs: 10_000 });
  const list = Array.from({ length: 1_000 }, (_, index) =>
    useOf(
      licenseId,
      index,
      index % 2 === 0
        ? { usageId: `u${index}`, quantity: 2 }
        : { usageId: `c${index}`, quantity: -1, corrects: `u${index - 1}` },
    ),
  );
  const other = useOf(licenseId, 1_000, { usageId: 'other', quantity: 3 });
  const results = (await Promise.all([patient(list), patient([other])])).flat();
  expect(results.filter(({ refusal }) => refusal === null)).toHaveLength(1_001);
  const events = (await ledger.events()).filter(({ stream }) => stream === `license-${licenseId}`);
  expect(events.at(-1)?.data.totalAfter).toBe(503);
});

test('1,000 corrections with the longest ids are events of at most 200 kB', async () => {
  const { licenseId } = await issueDirectly(ledger, {
    policy: { usagePerMinute: 3_000 },
    limits: { meters: { builds: 1_000 } },
  });
  const patient = startProcess(0, { giveUpMs: 20_000, appendTimeoutMs: 10_000 });
  const longId = 'u'.repeat(128);
  await patient([useOf(licenseId, 0, { usageId: longId, quantity: 1_000 })]);
  const corrections = Array.from({ length: 1_000 }, (_, index) =>
    useOf(licenseId, index + 1, { usageId: `${'c'.repeat(124)}${1_000 + index}`, quantity: -1, corrects: longId }),
  );
  const results = await patient(corrections);
  expect(results.filter(({ refusal }) => refusal === null)).toHaveLength(1_000);
  const events = (await ledger.events()).filter(({ stream }) => stream === `license-${licenseId}`);
  expect(events.at(-1)?.data.totalAfter).toBe(0);
  for (const { data, metadata } of events)
    expect(Buffer.byteLength(JSON.stringify(data) + JSON.stringify(metadata))).toBeLessThan(200_000);
});
