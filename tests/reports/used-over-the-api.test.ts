import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { aggregateId, newCommandId } from '../../src/eventstore/uuids.ts';
import { clientOf } from '../api/client/client.ts';
import { issueDirectly, sendTo } from '../support/issue-directly.ts';
import type { Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

const lease = { scope: 'INSTANCE', ttlSeconds: 100, resurrectSeconds: 0, borrowMaxSeconds: 86_400 } as const;
const post = (path: string, body: object) => ledger.call('POST', `/v1/licenses/${path}`, { body });

test('A borrowed seat that an administrator releases is not handed out again before the borrow ends', async () => {
  const { licenseId, licenseKey } = await issueDirectly(ledger, { policy: { lease }, limits: { seats: 1 } });
  const taken = await post('leases', { licenseKey, leaseHolder: 'one', borrowSeconds: 3600 });
  const path = `/v1/licenses/leases/${taken.body.lease?.id}?licenseId=${licenseId}`;
  const released = await ledger.call('DELETE', path, { key: ledger.a.apiKey, body: {} });
  expect([released.status, released.body.changed]).toEqual([200, true]);
  const refused = await post('leases', { licenseKey, leaseHolder: 'two' });
  expect([refused.status, refused.body.code]).toEqual([409, 'SEAT_LIMIT_EXCEEDED']);
  const history = await ledger.call('GET', `/v1/licenses/${licenseId}/history`, { key: ledger.a.apiKey });
  expect(history.text).toContain('"cause":"ADMIN"');
  expect(history.text).toContain(`"seatFreeAt":"${taken.body.lease?.expiresAt}"`);
});

test('A seat that was taken for one user is not valid for another one, who can take it over', async () => {
  const { licenseId, licenseKey } = await issueDirectly(ledger, { policy: { lease, environment: 'live' } });
  const client = clientOf(ledger);
  for (const user of ['ada', 'bob']) await client.assign(licenseId, user);
  const seat = { leaseHolder: 'one', environment: 'live' };
  const codeFor = async (user: string) => (await client.post('validate', licenseKey, { ...seat, user })).body.code;
  const wrong = await client.post('leases', licenseKey, { ...seat, environment: 'test', user: 'ada' });
  expect([wrong.status, wrong.body.code]).toEqual([409, 'ENVIRONMENT_MISMATCH']);
  const adas = await client.post('leases', licenseKey, { ...seat, user: 'ada' });
  expect([await codeFor('ada'), await codeFor('bob')]).toEqual(['VALID', 'USER_NOT_ASSIGNED']);
  const bobs = await client.post('leases', licenseKey, { ...seat, user: 'bob' });
  expect([bobs.status, bobs.body.limits?.seats?.used]).toEqual([201, 1]);
  expect(bobs.body.lease?.id).not.toBe(adas.body.lease?.id);
  expect([await codeFor('ada'), await codeFor('bob')]).toEqual(['USER_NOT_ASSIGNED', 'VALID']);
});

test('A validation with a borrowed seat says that the application may run offline until the borrow ends', async () => {
  const { licenseKey } = await issueDirectly(ledger, { policy: { lease, offlineGraceSeconds: 60 } });
  const taken = await post('leases', { licenseKey, leaseHolder: 'one', borrowSeconds: 86_400 });
  const { body } = await post('validate', { licenseKey, leaseHolder: 'one' });
  expect([body.valid, body.offlineGraceUntil]).toEqual([true, taken.body.lease?.expiresAt]);
});

test('The holder of a borrowed seat that was released takes it back, also in a spelling of an earlier release', async () => {
  const { licenseId, licenseKey } = await issueDirectly(ledger, { policy: { lease }, limits: { seats: 1 } });
  const leaseId = encodeId('lea', aggregateId(newCommandId(), 'lease'));
  const holderHash = createHmac('sha256', ledger.secrets.signing.key('fingerprint'))
    .update(`${ledger.a.organizationId}\0one\n`)
    .digest('hex');
  const acquisition = { leaseId, holderHash, product: null, userRef: null, borrowSeconds: 3600, dead: [] };
  await sendTo(ledger, licenseId, { type: 'AcquireLease', data: acquisition });
  await sendTo(ledger, licenseId, { type: 'ReleaseLease', data: { leaseId, by: 'USER' } });
  const refused = await post('leases', { licenseKey, leaseHolder: 'two' });
  expect([refused.status, refused.body.code]).toEqual([409, 'SEAT_LIMIT_EXCEEDED']);
  const again = await post('leases', { licenseKey, leaseHolder: 'one\n' });
  expect([again.status, again.body.lease?.borrowed, again.body.limits?.seats?.used]).toEqual([201, true, 1]);
});
