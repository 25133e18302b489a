import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeDevice, type DeviceChange } from '../../src/application/devices/change-device.ts';
import { removeWritten } from '../../src/application/personal-values.ts';
import { newCommandId } from '../../src/eventstore/uuids.ts';
import { createPool } from '../../src/projections/connect.ts';
import { eraseDeviceMetadata } from '../../src/workers/erase-device-metadata.ts';
import { settleReferences } from '../../src/workers/settle-references.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { quiet } from '../support/read-models.ts';

let ledger: Ledger;
let pool: ReturnType<typeof createPool>;
beforeAll(async () => {
  ledger = await startLedger();
  pool = createPool({ url: ledger.database.url, role: 'ledger_worker', max: 2, log: quiet });
});
afterAll(async () => {
  await pool.end();
  await ledger.stop();
});

test('The metadata of ended devices is erased for all issuers, and that of active devices stays', async () => {
  const { a, b } = ledger;
  const stays: string[] = [];
  let position = '';
  for (const { apiKey: key, license } of [
    { ...a, license: await ledger.issue() },
    { ...b, license: await ledger.issue({}, b) },
  ])
    for (const device of ['active', 'released', 'revoked too']) {
      const body = { licenseKey: license.licenseKey, fingerprint: device };
      const { activation } = (await ledger.call('POST', '/v1/licenses/activate', { body })).body;
      const path = `/v1/licenses/${license.licenseId}/activations/${activation?.id}`;
      await ledger.call('PATCH', path, { key, body: { metadata: { device } } });
      if (device === 'active') stays.push(String(activation?.id));
      else position = (await ledger.call('DELETE', path, { key, body: {} })).headers.get('ledger-position') ?? '';
    }
  await ledger.projected.waitFor(BigInt(position), 10_000);
  const erase = () => eraseDeviceMetadata({ pool, apiPool: ledger.database.api, pageMax: 2 });
  await Promise.all([erase(), erase()]);
  const { rows } = await ledger.database.superuser.query<{ subject: string }>(
    `select subject from vault.personal_values where kind = 'DEVICE_METADATA'`,
  );
  expect(rows.map(({ subject }) => subject).toSorted()).toEqual(stays.toSorted());
});

/** Changes a device in a process that dies before it erases what was replaced. */
const changeAndDie = async (licenseId: string, change: DeviceChange) => {
  const { organizationId, apiKeyId } = ledger.a;
  const changed = await changeDevice(
    ledger.needs,
    {
      call: { requestId: newCommandId(), correlationId: newCommandId(), expectedRevision: null },
      attempt: {
        commandId: newCommandId(),
        requestHash: 'ab'.repeat(32),
        earlierRequestHashes: [],
        secret: '',
        whenOnly: async () => undefined,
      },
      caller: { kind: 'apiKey', organizationId, apiKeyId, scopes: ['licenses:write'], products: null },
      licenseId,
      reason: null,
      onceReadable: () => undefined,
    },
    change,
  );
  expect(changed).toMatchObject({ changed: true });
};

test('A process that dies after it replaced or removed metadata leaves none: the worker erases it', async () => {
  const { licenseId, licenseKey } = await ledger.issue();
  const activationIds: string[] = [];
  for (const fingerprint of ['replaced', 'removed']) {
    const { body } = await ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint } });
    activationIds.push(String(body.activation?.id));
  }
  const [replaced = '', removed = ''] = activationIds;
  const settleLater = async () => {
    await ledger.database.superuser.query(`update ops.vault_references set since = since - interval '26 hours'`);
    const signal = new AbortController().signal;
    const [store, apiPool] = [ledger.store.connect(), ledger.database.api];
    const onError = (error: unknown) => {
      throw error;
    };
    await settleReferences({ pool, apiPool, store, remove: removeWritten, signal, onError });
  };
  const stored = async () => {
    const { rows } = await ledger.database.superuser.query<{ value: string }>(
      'select value from vault.personal_values where subject = any($1) order by value',
      [activationIds],
    );
    return rows.map(({ value }) => value);
  };
  for (const activationId of activationIds) await changeAndDie(licenseId, { activationId, metadata: { room: 'B12' } });
  await settleLater();
  expect(await stored()).toEqual(['{"room":"B12"}', '{"room":"B12"}']);

  await changeAndDie(licenseId, { activationId: replaced, metadata: { room: 'C1' } });
  await changeAndDie(licenseId, { activationId: removed, metadata: {} });
  await settleLater();
  expect(await stored()).toEqual(['{"room":"C1"}']);
});
