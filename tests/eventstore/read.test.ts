import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import type { License } from '../../src/domain/license/license.ts';
import { createExecutor, type Executor } from '../../src/eventstore/executor/execute.ts';
import { activateDevice, context, issueLicense, send as sendCommand } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { testId } from '../support/license-fixtures.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.stop());

const openDevices = (license: License) => (license.kind === 'unissued' ? null : license.activations.size);
const newExecutor = () => createExecutor({ store: store.connect() });
const send = (executor: Executor, licenseId: string, command: LicenseCommand) =>
  sendCommand(executor, licenseAggregate, licenseId, command, context(), () => null);
const devicesOf = (executor: Executor, licenseId: string) => executor.read(licenseAggregate, licenseId, openDevices);

describe('Reading an aggregate', () => {
  test('returns its current state, including events that another process has just appended', async () => {
    const [one, other] = [newExecutor(), newExecutor()];
    const licenseId = testId('lic', 'read twice');
    await send(one, licenseId, issueLicense(licenseId));
    expect(await devicesOf(one, licenseId)).toBe(0);
    await send(other, licenseId, activateDevice('a'));
    expect(await devicesOf(one, licenseId)).toBe(1);
  });

  test('appends no event', async () => {
    const licenseId = testId('lic', 'left alone');
    const executor = newExecutor();
    await send(executor, licenseId, issueLicense(licenseId));
    const stored = await store.connect().read(licenseAggregate.stream(licenseId));
    await Promise.all([1, 2, 3].map(() => devicesOf(executor, licenseId)));
    expect(await store.connect().read(licenseAggregate.stream(licenseId))).toEqual(stored);
  });

  test('without events returns the initial state', async () => {
    const licenseId = testId('lic', 'unknown');
    expect(await devicesOf(newExecutor(), licenseId)).toBeNull();
    expect((await store.connect().read(licenseAggregate.stream(licenseId))).revision).toBe('no_stream');
  });
});
