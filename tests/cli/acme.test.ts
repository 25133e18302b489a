import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureAcme } from '../../src/cli/demo/acme/ensure-acme.ts';
import { simulationOf } from '../../src/cli/demo/acme/simulation.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
}, 120_000);
afterAll(() => ledger.stop());

test('try', async () => {
  const seed = { seed: '5f0c1f0e-7f0b-4f0e-9a55-3c1d3c0e9b21', beginsAt: '2024-11-30T00:00:00.000Z', ownerId: 'usr_01h455vb4pex5vsknk084sn02q' };
  const refused: unknown[] = [];
  const started = performance.now();
  const { executor, pool, secrets } = ledger.needs;
  await ensureAcme({ executor, pool, secrets, licenseKeyPrefix: 'LL' }, seed, {
    now: () => new Date(), waiter: ledger.projected, signal: new AbortController().signal,
    onRefused: (name, refusal) => refused.push([name, refusal]),
  });
  console.log(performance.now() - started, JSON.stringify(refused, null, 1), simulationOf(seed).organizationId);
  const again = performance.now();
  await ensureAcme({ executor, pool, secrets, licenseKeyPrefix: 'LL' }, seed, {
    now: () => new Date(), waiter: ledger.projected, signal: new AbortController().signal,
    onRefused: (name, refusal) => refused.push([name, refusal]),
  });
  console.log(performance.now() - again, JSON.stringify(refused, null, 1));
  expect(refused).toEqual([]);
}, 120_000);
