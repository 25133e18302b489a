import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createRepairJson } from '../../src/cli/output/repair-report.ts';
import { repair } from '../../src/cli/repair-chain.ts';
import { appendLog } from '../support/append-log.ts';
import { withBreaks } from '../support/broken-chain.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { createLog, testInstant } from '../support/license-fixtures.ts';

let running: RunningStore;
beforeAll(async () => {
  running = await startStore();
});
afterAll(() => running.stop());

const repairer = { operator: 'ops-7', reason: 'TWO_WRITERS', at: testInstant(1_000) };

test('A repair prints one JSON document with --json: first what is broken, then what was repaired', async () => {
  const store = running.connect();
  const ledger = createLog();
  const licenseId = ledger.issue('for a program');
  for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);
  const stream = `license-${licenseId}`;
  await appendLog(store, withBreaks(ledger.log, stream, [3n]));
  const documents: unknown[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => void documents.push(JSON.parse(String(line))));
  try {
    expect(await repair([stream, 'license-nobody'], store, null, createRepairJson())).toBe(3);
    expect(await repair([stream], store, repairer, createRepairJson())).toBe(0);
  } finally {
    vi.restoreAllMocks();
  }
  const broken = { stream, outcome: 'broken', isRepairable: true, breaks: [{ revision: '3' }] };
  expect(documents).toMatchObject([
    { streams: 1, faulty: 1, isApplied: false, findings: [broken, { stream: 'license-nobody', outcome: 'empty' }] },
    { streams: 1, repaired: 1, isApplied: true, findings: [{ ...broken, outcome: 'repaired', appended: 1 }] },
  ]);
});
