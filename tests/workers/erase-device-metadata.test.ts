import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool } from '../../src/projections/connect.ts';
import { eraseDeviceMetadata } from '../../src/workers/erase-device-metadata.ts';
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
