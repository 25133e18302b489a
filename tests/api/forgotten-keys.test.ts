import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const send = (method: string, path: string, body?: object, once?: string, key = ledger.a.apiKey) =>
  ledger.call(method, path, { key, body, headers: once === undefined ? {} : { 'idempotency-key': once } });
/** As if 24 hours had passed. */
const forget = (once: string) =>
  ledger.database.superuser.query('delete from ops.idempotency where idempotency_key = $1', [once]);
const values = async () =>
  (await ledger.database.superuser.query('select ref, value from vault.personal_values order by ref')).rows;
const ofA = (path: string) => `/v1/organizations/${ledger.a.organizationId}${path}`;
const reused = [422, 'IDEMPOTENCY_KEY_REUSED'];

/** Sends one body, and another one when the first is forgotten; what the first left in the vault is there as it was. */
const sendTwice = async (path: string, one: object, other: object) => {
  const once = randomUUID();
  const first = await send('POST', path, one, once);
  expect([200, 201], first.text).toContain(first.status);
  const kept = await values();
  expect(kept.map(({ value }) => value).join()).toContain('canary-one');
  await forget(once);
  const second = await send('POST', path, other, once);
  expect([second.status, second.body.code]).toEqual(reused);
  expect(await values()).toEqual(kept);
  return { first, once };
};

describe('A reused Idempotency-Key of a forgotten request does not change', () => {
  test('the text of a reason', async () => {
    const { licenseId } = await ledger.issue();
    const because = (text: string) => ({ reason: { code: 'LEGAL', text } });
    await sendTwice(`/v1/licenses/${licenseId}/suspend`, because('canary-one'), because('canary-two'));
    const { body } = await send('GET', `/v1/licenses/${licenseId}/history?order=desc&limit=1`);
    expect(body.data?.[0]?.reason).toEqual({ code: 'LEGAL', text: 'canary-one' });
  });

  test('the name of a device', async () => {
    const { licenseId } = await ledger.issue();
    const device = (name: string) => ({ licenseId, fingerprint: name, name });
    await sendTwice('/v1/licenses/activate', device('canary-one'), device('canary-two'));
    const { body } = await send('GET', `/v1/licenses/${licenseId}/activations`);
    expect(body.data).toMatchObject([{ name: 'canary-one' }]);
  });

  test('the address of an invitation', async () => {
    const to = (email: string) => ({ email, role: 'MEMBER' });
    await sendTwice(ofA('/members'), to('canary-one@x.example'), to('canary-two@x.example'));
  });

  test('the metadata of a project', async () => {
    const noting = (note: string) => ({ name: 'Apollo', metadata: { note } });
    await sendTwice('/v1/projects', noting('canary-one'), noting('canary-two'));
  });

  test('the activation of another license', async () => {
    const once = randomUUID();
    const activated: unknown[] = [];
    for (const { licenseId } of [await ledger.issue(), await ledger.issue()]) {
      const { status, body } = await send('POST', '/v1/licenses/activate', { licenseId, fingerprint: 'a' }, once);
      expect(status).toBe(201);
      activated.push(body.activation?.id);
      await forget(once);
      const listed = await send('GET', `/v1/licenses/${licenseId}/activations`);
      expect(listed.body.data).toMatchObject([{ id: body.activation?.id }]);
    }
    expect(new Set(activated).size).toBe(2);
  });
});

describe('A repeated request that is forgotten returns no other key, and the license stays as it is, when it was', () => {
  const unchanged = async (path: string, body: object) => {
    const once = randomUUID();
    const first = await send('POST', path, body, once);
    await forget(once);
    const again = await send('POST', path, body, once);
    expect([again.status, again.body.code, again.body.licenseKey]).toEqual([...reused, undefined]);
    const licenseId = String(first.body.license?.id);
    expect(again.body.detail).toContain(licenseId);
    expect((await send('GET', `/v1/licenses/${licenseId}`)).body).toEqual({
      ...first.body.license,
      lastValidatedAt: null,
      recentValidations: [],
    });
    const validated = await ledger.call('POST', '/v1/licenses/validate', {
      body: { licenseKey: String(first.body.licenseKey) },
    });
    expect(validated.body.code).toBe('VALID');
  };
  const wanted = { tier: 'PRO', products: ['local_cli'], metadata: { note: 'x' } };
  test('issued', () => unchanged('/v1/licenses', wanted));
  test('imported', () =>
    unchanged('/v1/licenses/import', {
      ...wanted,
      source: 'old_shop',
      sourceRef: randomUUID(),
      historyFrom: '2024-03-01T00:00:00.000Z',
    }));
  test('transferred', async () => {
    const transfer = { toHolderOrganizationId: ledger.b.organizationId, accepted: true, activations: 'RELEASE' };
    await unchanged(`/v1/licenses/${(await ledger.issue()).licenseId}/transfer`, transfer);
  });
  test('rotated', async () => unchanged(`/v1/licenses/${(await ledger.issue()).licenseId}/rotate-key`, {}));
});

test('An erased value stays erased when its forgotten request is repeated', async () => {
  const once = randomUUID();
  const wanted = { email: 'canary@erased.example', role: 'MEMBER' };
  const invited = await send('POST', ofA('/members'), wanted, once);
  const { invitationId } = invited.body.invitation ?? {};
  expect((await send('DELETE', ofA(`/invitations/${invitationId}`))).status).toBe(204);
  await forget(once);
  await send('POST', ofA('/members'), wanted, once);
  expect(JSON.stringify(await values())).not.toContain('canary@erased.example');
});

test('A repeated request that was forgotten gets its answer again, and its values stay', async () => {
  const { licenseId } = await ledger.issue();
  const once = randomUUID();
  const suspend = () =>
    send('POST', `/v1/licenses/${licenseId}/suspend`, { reason: { code: 'LEGAL', text: 'why' } }, once);
  const first = await suspend();
  const kept = await values();
  await forget(once);
  const again = await suspend();
  expect([again.status, again.body.license]).toEqual([200, first.body.license]);
  expect(await values()).toEqual(kept);
});

test('The holder and the issuer can read the reason that a holder wrote', async () => {
  const { licenseId } = await ledger.issue({ holderOrganizationId: ledger.b.organizationId });
  const reason = { code: 'LOST', text: 'left on a train' };
  const rotated = await send('POST', `/v1/licenses/${licenseId}/rotate-key`, { reason }, undefined, ledger.b.apiKey);
  expect(rotated.status).toBe(200);
  const text = 'the issuer’s own note';
  await send('POST', `/v1/licenses/${licenseId}/suspend`, { reason: { code: 'LEGAL', text } });
  const textsFor = async (key: string) => {
    const { body } = await send('GET', `/v1/licenses/${licenseId}/history`, undefined, undefined, key);
    const entries = Object.values(body.data ?? {});
    return entries.slice(-2).map((entry) => entry.reason?.text);
  };
  expect(await textsFor(ledger.a.apiKey)).toEqual([reason.text, text]);
  expect(await textsFor(ledger.b.apiKey)).toEqual([reason.text, null]);
});
