import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUsageGathering } from '../../../src/application/usage/gather-usage.ts';
import { createExecutor, type Executor } from '../../../src/eventstore/executor/execute.ts';
import { newCommandId } from '../../../src/eventstore/uuids.ts';
import { issueDirectly } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { useOfRequest } from '../../support/use-of-request.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

/** Uses of one meter, each by a request of its own, and the numbers of the requests that have a turn now. */
const usesOf = (licenseId: string, count: number) => {
  const turns = new Set<number>(Array.from({ length: count }, (_, number) => number));
  const uses = [...turns].map((number) => {
    const resume = async () => {
      turns.add(number);
    };
    const turn = { end: () => turns.delete(number), resume };
    return useOfRequest(ledger, { licenseId, number, commandId: newCommandId(), turn });
  });
  return { uses, turns };
};

test('A batch of usage has the turn of one request, and each request has one again for its answer', async () => {
  const { licenseId } = await issueDirectly(ledger, { limits: { meters: { builds: 10 } } });
  const { uses, turns } = usesOf(licenseId, 3);
  const during: (readonly number[])[] = [];
  const real = createExecutor({ store: ledger.store.connect() });
  const execute: Executor['execute'] = (...given) => {
    during.push([...turns]);
    return real.execute(...given);
  };
  const gather = createUsageGathering({ ...ledger.needs, executor: { ...real, execute }, pool: ledger.database.api });
  const results = await Promise.all(uses.map((use) => gather([use])));
  expect(results.flat().map(({ refusal }) => refusal)).toEqual([null, null, null]);
  expect(during).toEqual([[0]]);
  expect([...turns].toSorted()).toEqual([0, 1, 2]);
});

test('A batch that fails leaves no turn behind', async () => {
  const { licenseId } = await issueDirectly(ledger, { limits: { meters: { builds: 10 } } });
  const { uses, turns } = usesOf(licenseId, 2);
  const execute = () => Promise.reject(new Error('The store is away.'));
  const real = createExecutor({ store: ledger.store.connect() });
  const gather = createUsageGathering({ ...ledger.needs, executor: { ...real, execute }, pool: ledger.database.api });
  await expect(Promise.all(uses.map((use) => gather([use])))).rejects.toThrow('The store is away.');
  await expect.poll(() => turns.size).toBe(0);
});
