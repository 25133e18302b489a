import { afterAll, beforeAll, expect, test } from 'vitest';
import { issueDirectly } from '../support/issue-directly.ts';
import type { Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

// People complained that one user of a team installed on every machine of the team. The rules are in
// tests/domain/license/devices/devices-per-user.test.ts.

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

test('the refusal leads to the user, and lists only the devices of this user', async () => {
  const { licenseId, licenseKey } = await issueDirectly(ledger, { policy: { devicesPerUser: 1 } });
  for (const user of ['ada', 'bob'])
    await ledger.call('POST', `/v1/licenses/${licenseId}/users`, { key: ledger.a.apiKey, body: { user } });
  const send = (path: string, body: object) =>
    ledger.call('POST', `/v1/licenses/${path}`, { body: { licenseKey, ...body } });
  const first = await send('activate', { fingerprint: 'laptop of ada', user: 'ada' });
  expect(first.status).toBe(201);
  expect((await send('activate', { fingerprint: 'laptop of bob', user: 'bob' })).status).toBe(201);
  const own = [{ id: first.body.activation?.id }];
  expect((await send('activate', { fingerprint: 'phone of ada', user: 'ada' })).body).toMatchObject({
    ...{ code: 'ACTIVATION_LIMIT_EXCEEDED', errors: [{ pointer: '/user' }], activations: own },
  });
  const swap = { release: { fingerprint: 'laptop of bob' }, fingerprint: 'phone of ada' };
  expect((await send('swap', { ...swap, user: 'ada' })).body).toMatchObject({
    ...{ code: 'ACTIVATION_LIMIT_EXCEEDED', errors: [{ pointer: '/user' }], activations: own },
  });
  expect((await send('swap', swap)).body).toMatchObject({ code: 'USER_SCOPE_REQUIRED' });
});
