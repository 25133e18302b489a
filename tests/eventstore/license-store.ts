import { afterAll, beforeAll, beforeEach } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { License } from '../../src/domain/license/license.ts';
import type { EventStore } from '../../src/eventstore/event-store.ts';
import { createExecutor, type Executor, type ExecutorNeeds } from '../../src/eventstore/executor/execute.ts';
import type { CommandContext } from '../../src/eventstore/executor/waiting.ts';
import { activateDevice, context, issueLicense, send } from '../support/commands.ts';
import { type RunningStore, startOwnStore } from '../support/event-store.ts';
import { testId } from '../support/license-fixtures.ts';

/** Starts a store for the tests of one file, and gives every test a new license id. */
export const useLicenseStore = () => {
  let running: RunningStore;
  let store: EventStore;
  let licenseId: string;
  let licenses = 0;
  beforeAll(async () => {
    running = await startOwnStore();
    store = running.connect();
  });
  beforeEach(() => {
    licenses += 1;
    licenseId = testId('lic', String(licenses));
  });
  afterAll(() => running.stop());

  const storedEvents = async () => (await store.read(`license-${licenseId}`)).events;
  return {
    databaseUrl: () => running.databaseUrl,
    store: () => store,
    licenseId: () => licenseId,
    executor: (needs: Partial<ExecutorNeeds> = {}): Executor => createExecutor({ store, ...needs }),
    issue: (executor: Executor, activations = 5, sent = context()) =>
      send(executor, licenseAggregate, licenseId, issueLicense(licenseId, activations), sent, countDevices),
    activate: (executor: Executor, device: string, sent: CommandContext = context(), seconds = 1) =>
      send(executor, licenseAggregate, licenseId, activateDevice(device, seconds), sent, countDevices),
    storedEvents,
    storedTypes: async () => (await storedEvents()).map(({ type }) => type),
  };
};

/** Returns the number of activated devices; null when the license was not issued. */
export const countDevices = (license: License): number | null =>
  license.kind === 'issued' ? license.facts.usage.activations : null;
