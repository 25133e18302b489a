import { afterAll, beforeAll, expect, test } from 'vitest';
import { reserveDevice } from '../../../src/application/devices/reserve-device.ts';
import { isRefusal } from '../../../src/application/refusal.ts';
import type { Executor } from '../../../src/eventstore/executor/execute.ts';
import { newCommandId } from '../../../src/eventstore/uuids.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { testHash } from '../../support/license-fixtures.ts';
import { uniqueClientOf } from './unique-client.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

test('The reservations of a device in several products are read at the same time', async () => {
  const products = ['first_product', 'second_product', 'third_product'];
  const { issue } = uniqueClientOf(ledger);
  const { licenseId } = await issue({ fingerprintUniqueness: 'PRODUCT' }, { products });

  // Reads wait for each other: one after another, the first would wait for ever.
  let waiting = 0;
  let open = () => {};
  const all = new Promise<void>((resolve) => {
    open = resolve;
  });
  const executor = {
    ...ledger.executor,
    read: async (...parameters: Parameters<Executor['read']>) => {
      waiting += 1;
      if (waiting === products.length) open();
      await all;
      return ledger.executor.read(...parameters);
    },
  } as Executor;
  const commandId = newCommandId();
  const attempt = { commandId, requestHash: testHash('reads'), earlierRequestHashes: [] } as never;
  const actor = { type: 'CLIENT', id: 'test', onBehalfOf: null } as const;
  const reserving = {
    ...{ executor, pool: ledger.needs.pool, now: ledger.needs.now, call: { correlationId: commandId } },
    ...{ attempt, actor, by: { kind: 'system' } as const, issuerOrgId: ledger.a.organizationId, licenseId },
  };
  const places = products.map((of) => ({ scope: 'PRODUCT' as const, of }));
  const device = { places, fingerprintHashes: [testHash('device')], activationId: 'act_00000000000000000000000001' };
  const reserved = await reserveDevice(reserving, device);
  expect(isRefusal(reserved) ? reserved : reserved.activationIds).toEqual(products.map(() => device.activationId));
});
