import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../support/ledger.ts';
import { condition } from '../../support/product.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

type License = { readonly licenseId: string; readonly licenseKey: string };
const activated = async ({ licenseKey }: License, fields: object = {}) => {
  const body = { licenseKey, fingerprint: crypto.randomUUID(), ...fields };
  const answer = await ledger.call('POST', '/v1/licenses/activate', { body });
  return { activationId: String(answer.body.activation?.id), answer, body };
};
const patch = ({ licenseId }: License, activationId: string, body: object, key = ledger.a.apiKey, headers = {}) =>
  ledger.call('PATCH', `/v1/licenses/${licenseId}/activations/${activationId}`, { key, body, headers });
const shown = async ({ licenseId }: License, position: string, key = ledger.a.apiKey) => {
  const headers = { 'ledger-min-position': position };
  const list = await ledger.call('GET', `/v1/licenses/${licenseId}/activations`, { key, headers });
  return Object.values(list.body.data ?? {})[0];
};
const positionOf = ({ headers }: { readonly headers: Headers }) => headers.get('ledger-position') ?? '';
const values = async (activationId: string) => {
  const text = `select value, holder_org_id from vault.personal_values where subject = $1 and kind = 'DEVICE_METADATA'`;
  return (await ledger.database.superuser.query(text, [activationId])).rows;
};

describe('Metadata of a device', () => {
  test('is for issuer and holder, not for applications, and replaced metadata is erased', async () => {
    const { b } = ledger;
    const license = await ledger.issue({ holderOrganizationId: b.organizationId });
    const { activationId, answer, body } = await activated(license);
    expect(answer.body.activation).not.toHaveProperty('metadata');
    const first = await patch(license, activationId, { metadata: { room: 'B12', owner: 'Ada Lovelace' } });
    expect(first).toMatchObject({ status: 200, body: { changed: true } });
    for (const key of [ledger.a.apiKey, b.apiKey])
      expect(await shown(license, positionOf(first), key)).toMatchObject({
        metadata: { room: 'B12', owner: 'Ada Lovelace' },
      });
    const again = await ledger.call('POST', '/v1/licenses/activate', { body });
    expect(again.body.activation).not.toHaveProperty('metadata');

    const history = await ledger.call('GET', `/v1/licenses/${license.licenseId}/history?limit=100`, {
      key: ledger.a.apiKey,
    });
    expect(JSON.stringify(history.body)).toContain('ActivationDetailsChanged');
    expect(JSON.stringify(history.body)).not.toContain('Lovelace');

    const same = await patch(license, activationId, { metadata: { owner: 'Ada Lovelace', room: 'B12' } });
    expect(same.body.changed).toBe(false);
    const second = await patch(license, activationId, { metadata: { room: 'C1' } }, b.apiKey);
    expect(second).toMatchObject({ status: 200, body: { changed: true } });
    expect(await shown(license, positionOf(second))).toMatchObject({ metadata: { room: 'C1' } });
    await condition('the replaced metadata is erased', async () => (await values(activationId)).length === 1);
    expect(await values(activationId)).toEqual([{ value: '{"room":"C1"}', holder_org_id: b.organizationId }]);

    const cleared = await patch(license, activationId, { metadata: {} });
    expect(await shown(license, positionOf(cleared))).toMatchObject({ metadata: {} });
    await condition('the cleared metadata is erased', async () => (await values(activationId)).length === 0);
  });

  test('goes to the next holder with the device, and no longer to the previous one', async () => {
    const { a, b } = ledger;
    const license = await ledger.issue({ tier: 'ENTERPRISE' });
    const { activationId } = await activated(license);
    await patch(license, activationId, { metadata: { room: 'B12' } });
    await ledger.call('POST', `/v1/issuers/${a.organizationId}/trust`, { key: b.apiKey, body: {} });
    const moved = await ledger.call('POST', `/v1/licenses/${license.licenseId}/transfer`, {
      key: a.apiKey,
      body: { toHolderOrganizationId: b.organizationId, accepted: true, activations: 'KEEP' },
    });
    expect(moved.status).toBe(200);
    expect(await shown(license, positionOf(moved), b.apiKey)).toMatchObject({ metadata: { room: 'B12' } });
  });

  test('has at most 4 kB, and a request must change something', async () => {
    const license = await ledger.issue();
    const { activationId } = await activated(license);
    expect((await patch(license, activationId, { metadata: { text: 'x'.repeat(4_080) } })).status).toBe(200);
    expect(await patch(license, activationId, { metadata: { text: 'x'.repeat(4_096) } })).toMatchObject({
      ...{ status: 400, body: { code: 'INVALID_REQUEST', errors: [{ pointer: '/metadata' }] } },
    });
    expect((await patch(license, activationId, {})).status).toBe(400);
  });

  test('survives repetitions: one Idempotency-Key changes it once', async () => {
    const license = await ledger.issue();
    const { activationId } = await activated(license);
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const send = () => patch(license, activationId, { metadata: { room: 'B12' } }, ledger.a.apiKey, headers);
    const [first, second] = [await send(), await send()];
    expect(second.body).toEqual(first.body);
    expect(await values(activationId)).toHaveLength(1);
  });
});

describe('The user of a device', () => {
  test('is an assigned user by name or reference, and null removes the user', async () => {
    const license = await ledger.issue({ limits: { users: 2 } });
    const { activationId, body } = await activated(license);
    const user = 'ada@example.com';
    expect(await patch(license, activationId, { user })).toMatchObject({
      ...{ status: 409, body: { code: 'USER_NOT_ASSIGNED', errors: [{ pointer: '/user' }] } },
    });
    const path = `/v1/licenses/${license.licenseId}/users`;
    const assigned = await ledger.call('POST', path, { key: ledger.a.apiKey, body: { user } });
    const reference = String(assigned.body.user);
    const named = await patch(license, activationId, { user });
    expect(await shown(license, positionOf(named))).toMatchObject({ user: reference });
    expect((await patch(license, activationId, { user: reference })).body.changed).toBe(false);
    const other = { ...body, user: 'bob@example.com' };
    expect((await ledger.call('POST', '/v1/licenses/validate', { body: other })).body.code).toBe('USER_NOT_ASSIGNED');
    const removed = await patch(license, activationId, { user: null });
    expect(await shown(license, positionOf(removed))).toMatchObject({ user: null });
  });
});

test('Another organization, and a device of another license, are unknown', async () => {
  const [license, other] = [await ledger.issue(), await ledger.issue()];
  const { activationId } = await activated(license);
  const metadata = { room: 'B12' };
  const foreign = await patch(license, activationId, { metadata }, ledger.b.apiKey);
  expect(foreign).toMatchObject({ status: 404, body: { code: 'LICENSE_NOT_FOUND' } });
  expect(await patch(other, activationId, { metadata })).toMatchObject({
    ...{ status: 404, body: { code: 'ACTIVATION_NOT_FOUND' } },
  });
  expect(await values(activationId)).toEqual([]);
});
