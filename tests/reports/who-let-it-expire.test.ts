import { afterAll, beforeAll, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import type { EventStore } from '../../src/eventstore/event-store.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { toDecide } from '../../src/eventstore/folding.ts';
import { command, free, to, trial } from '../domain/license/commands.ts';
import { issue, renew, suspend } from '../domain/license/examples.ts';
import { activateDevice, context } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { expectWholeChain } from '../support/expect-chain.ts';
import { testHash, testId } from '../support/license-fixtures.ts';

// People complained that the history said that a colleague had let a license expire, for fraud.

let running: RunningStore;
let store: EventStore;
beforeAll(async () => {
  running = await startStore();
  store = running.connect();
});
afterAll(() => running.stop());

const mary = { type: 'USER', id: 'usr_mary', onBehalfOf: null } as const;
const ledger = { type: 'SYSTEM', id: 'expiry-sweep', onBehalfOf: null };
const afterEnd = '2027-01-08T00:00:00.000Z';
let licenses = 0;

/** Sends commands by the system, and the last one by Mary for fraud, twice. Returns the events that the last one added. */
const after = async (...commands: readonly LicenseCommand[]) => {
  licenses += 1;
  const licenseId = testId('lic', `due${licenses}`);
  const executor = createExecutor({ store });
  let known = 0;
  for (const [index, sent] of commands.entries()) {
    const isLast = index === commands.length - 1;
    const who = isLast ? { actor: mary, reason: { code: 'FRAUD', text: null } } : {};
    const options = { context: { ...context(), at: sent.at, ...who }, view: () => null };
    const send = () => executor.execute(licenseAggregate, licenseId, toDecide(licenseAggregate, sent), options);
    if (isLast) known = (await store.read(`license-${licenseId}`)).events.length;
    const executed = await send();
    if ('rejected' in executed) throw new Error(executed.detail);
    if (isLast) expect(await send()).toMatchObject({ outcome: 'repeated', revision: executed.revision });
  }
  const { events } = await store.read(`license-${licenseId}`);
  expectWholeChain(events);
  return events.slice(known);
};
const said = (events: Awaited<ReturnType<typeof after>>) =>
  events.map(({ type, metadata: { actor, reason } }) => [type, actor, reason]);
const key = { keyHash: testHash('key'), secretId: 's1', hint: 'SYQV9' };
const began = (overrides: object = {}) => issue({ ...overrides, key, licenseId: testId('lic', `due${licenses + 1}`) });
const fraud = { code: 'FRAUD', text: null };

test('A license that expired before it was suspended expired by itself', async () => {
  const events = await after(began(), suspend('FRAUD', null, afterEnd));
  expect(said(events)).toEqual([
    ['LicenseExpired', ledger, null],
    ['LicenseSuspended', mary, fraud],
  ]);
  const [expired, suspended] = events;
  expect(expired?.metadata.commandId).toBe(suspended?.metadata.commandId);
  expect(expired?.id).not.toBe(suspended?.id);
  expect(new Set(events.map(({ metadata: { recordedAt } }) => recordedAt))).toEqual(new Set([afterEnd]));
});

test('What the end of a trial takes away is not the doing of who renews it', async () => {
  const small = { activations: 1, seats: 0, users: 0, meters: {} };
  const afterTrial = to({ ...free, limitStrategy: 'EVICT_OLDEST' }, { limits: small, products: ['local_cli'] });
  const events = await after(
    began({ policy: trial, afterTrial }),
    activateDevice('a', 1),
    activateDevice('b', 2),
    command('ChangeReference', { to: 'sub_9' }, afterEnd),
  );
  expect(events.length).toBeGreaterThan(4);
  for (const [type, actor, reason] of said(events))
    expect([actor, reason], String(type)).toEqual(type === 'LicenseReferenceChanged' ? [mary, fraud] : [ledger, null]);
});

test('A command before anything fell due belongs to its sender alone', async () => {
  const events = await after(began(), renew());
  expect(said(events)).toEqual([['LicenseRenewed', mary, fraud]]);
});
