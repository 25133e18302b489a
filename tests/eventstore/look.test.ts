import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import type { License } from '../../src/domain/license/license.ts';
import { licenseAggregate } from '../../src/eventstore/aggregate.ts';
import { createExecutor, type Executor } from '../../src/eventstore/execute.ts';
import { look } from '../../src/eventstore/look.ts';
import { activateDevice, context, issueLicense } from '../support/commands.ts';
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
  executor.execute(licenseAggregate, licenseId, command, context(), () => null);
const devicesOf = (executor: Executor, licenseId: string) => look(executor, licenseAggregate, licenseId, openDevices);

describe('a look at an aggregate', () => {
  test('tells what its stream comes to, also what another process has added since', async () => {
    const [one, other] = [newExecutor(), newExecutor()];
    const licenseId = testId('lic', 'looked at');
    await send(one, licenseId, issueLicense(licenseId));
    expect(await devicesOf(one, licenseId)).toBe(0);
    await send(other, licenseId, activateDevice('a'));
    expect(await devicesOf(one, licenseId)).toBe(1);
  });

  test('writes nothing', async () => {
    const licenseId = testId('lic', 'left alone');
    const executor = newExecutor();
    await send(executor, licenseId, issueLicense(licenseId));
    const before = await store.connect().read(licenseAggregate.stream(licenseId));
    await Promise.all([1, 2, 3].map(() => devicesOf(executor, licenseId)));
    expect(await store.connect().read(licenseAggregate.stream(licenseId))).toEqual(before);
  });

  test('tells of no stream that it is not there', async () => {
    const licenseId = testId('lic', 'unknown');
    expect(await devicesOf(newExecutor(), licenseId)).toBeNull();
    expect((await store.connect().read(licenseAggregate.stream(licenseId))).revision).toBe('no_stream');
  });
});
