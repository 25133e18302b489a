import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueDirectly } from '../../support/issue-directly.ts';
import type { Answer, Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { clientOf, outline } from './client.ts';

let ledger: Ledger;
let client: ReturnType<typeof clientOf>;
beforeAll(async () => {
  ledger = await shareLedger();
  client = clientOf(ledger);
});
afterAll(() => ledger.stop());

type Wanted = NonNullable<Parameters<typeof issueDirectly>[1]>;

const own = { deactivateByKey: 'OWN' } as const;
const issue = (wanted: Wanted = {}) => issueDirectly(ledger, wanted);
const activate = (licenseKey: string, fingerprint: string, name = `device of ${fingerprint}`) =>
  client.post('activate', licenseKey, { fingerprint, name, platform: 'linux' });
const codeFor = async (licenseKey: string, fingerprint: string) =>
  (await client.post('validate', licenseKey, { fingerprint })).body.code;
const byApiKey = (operation: string, licenseId: string, fields: object, key = ledger.a.apiKey) =>
  ledger.call('POST', `/v1/licenses/${operation}`, { key, body: { licenseId, ...fields } });

/** The places of a request where a proof is missing. */
const missing = (refusal: Answer) => {
  expect(outline(refusal)).toEqual([403, 'FORBIDDEN']);
  const errors: readonly { readonly pointer: string }[] = JSON.parse(refusal.text).errors ?? [];
  return errors.map(({ pointer }) => pointer);
};

/** A license with two devices and no free activation, and what a stranger with its key is told about them. */
const full = async (policy: Wanted['policy'] = {}) => {
  const license = await issue({ policy, limits: { activations: 2 } });
  for (const device of ['one', 'two']) await activate(license.licenseKey, device);
  const refusal = await activate(license.licenseKey, 'stranger');
  expect(outline(refusal)).toEqual([409, 'ACTIVATION_LIMIT_EXCEEDED']);
  const activations: readonly Record<string, unknown>[] = JSON.parse(refusal.text).activations;
  return { ...license, refusal, activations };
};

describe('A stranger with the key of a license', () => {
  test('releases no device of others, whose ids the refusal of a full license tells, when the policy says OWN', async () => {
    const { licenseId, licenseKey, activations } = await full(own);
    expect(activations).toHaveLength(2);
    for (const { id: activationId } of activations)
      for (const proof of [{}, { fingerprint: 'stranger' }]) {
        const expected = 'fingerprint' in proof ? [404, 'ACTIVATION_NOT_FOUND'] : [403, 'FORBIDDEN'];
        const named = { activationId, ...proof };
        expect(outline(await client.post('deactivate', licenseKey, named))).toEqual(expected);
        const swap = { release: named, fingerprint: 'another stranger' };
        expect(outline(await client.post('swap', licenseKey, swap))).toEqual(expected);
      }
    for (const device of ['one', 'two']) expect(await codeFor(licenseKey, device)).toBe('VALID');
    const [named] = activations.map(({ id: activationId }) => ({ activationId }));
    expect(missing(await client.post('deactivate', licenseKey, named))).toEqual(['/fingerprint']);
    const swap = { release: named, fingerprint: 'another stranger' };
    expect(missing(await client.post('swap', licenseKey, swap))).toEqual(['/release/fingerprint']);

    const [newest, oldest] = activations.map(({ id }) => String(id));
    const byOwner = { activationId: newest, fingerprint: 'two' };
    const swapped = await client.post('swap', licenseKey, { release: byOwner, fingerprint: 'three' });
    expect(outline(swapped)).toEqual([201]);
    const stranger = await byApiKey('deactivate', licenseId, { activationId: oldest }, ledger.b.apiKey);
    expect(outline(stranger)).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect(outline(await byApiKey('deactivate', licenseId, { activationId: oldest }))).toEqual([200]);
    expect(await codeFor(licenseKey, 'one')).toBe('NOT_ACTIVATED');
  });

  test('releases any device when the policy says ANY or nothing', async () => {
    for (const policy of [{ deactivateByKey: 'ANY' } as const, {}]) {
      const { licenseKey, activations } = await full(policy);
      const [{ id: activationId } = {}] = activations;
      expect(outline(await client.post('deactivate', licenseKey, { activationId }))).toEqual([200]);
    }
  });

  test('learns no names of devices, unless the policy says so or is older than this rule', async () => {
    const unnamed = await full();
    expect(unnamed.refusal.text).not.toContain('device of');
    for (const device of unnamed.activations)
      expect(device).toEqual({ id: expect.stringMatching(/^act_/), platform: 'linux', lastSeenAt: expect.any(String) });
    for (const deviceNamesByKey of [true, undefined]) {
      const { activations } = await full({ deviceNamesByKey });
      expect(activations).toMatchObject([
        { name: 'device of two', activatedAt: expect.any(String), lastSeenAt: expect.any(String) },
        { name: 'device of one' },
      ]);
    }
    const { body } = await byApiKey('activate', unnamed.licenseId, { fingerprint: 'stranger' });
    expect(body.activations).toMatchObject([{ name: 'device of two' }, { name: 'device of one' }]);
  });
});

describe('A device that another fingerprint finds by its components', () => {
  const components = { cpu: 'X1' };
  const matched = async (policy: Wanted['policy']) => {
    const license = await issue({ policy: { fingerprintMatching: 'ANY', ...policy } });
    const own = { fingerprint: 'one', components, name: 'device of one' };
    const { body } = await client.post('activate', license.licenseKey, own);
    const activation = { id: undefined, ...body.activation, name: null };
    const ask = (fields: object) => client.post('activate', license.licenseKey, { ...own, name: undefined, ...fields });
    return { ...license, activation, ask };
  };

  test('keeps its name from a client with only the key, unless the policy says so or is older than this rule', async () => {
    const { licenseId, licenseKey, activation, ask } = await matched({});
    const guess = { fingerprint: 'stranger', components };
    const swap = { ...guess, release: { activationId: String(activation.id) } };
    for (const answer of [await ask(guess), await client.post('swap', licenseKey, swap)])
      expect([answer.status, answer.body.activation]).toEqual([200, { ...activation, lastSeenAt: expect.any(String) }]);
    expect((await ask({})).body.activation?.name).toBe('device of one');
    expect((await byApiKey('activate', licenseId, guess)).body.activation?.name).toBe('device of one');
    for (const deviceNamesByKey of [true, undefined]) {
      const open = await matched({ deviceNamesByKey });
      expect((await open.ask(guess)).body.activation?.name).toBe('device of one');
    }
  });
});

describe('A license without a free seat', () => {
  const seated = async (policy: Wanted['policy'] = {}) => {
    const license = await issue({ policy, limits: { seats: 1 } });
    await activate(license.licenseKey, 'one');
    const taken = await client.post('leases', license.licenseKey, { leaseHolder: 'one' });
    expect(outline(taken)).toEqual([201]);
    const refused = async () => {
      const refusal = await client.post('leases', license.licenseKey, { leaseHolder: 'stranger' });
      expect(outline(refusal)).toEqual([409, 'SEAT_LIMIT_EXCEEDED']);
      return JSON.parse(refusal.text).leases as readonly Record<string, unknown>[] | undefined;
    };
    return { ...license, leaseId: String(taken.body.lease?.id), refused };
  };
  const release = (leaseId: string, licenseKey: string, body?: object) =>
    ledger.call('DELETE', `/v1/licenses/leases/${leaseId}`, {
      headers: { authorization: `License ${licenseKey}` },
      body,
    });

  test('tells who has the seats, without names and holders', async () => {
    const { leaseId, licenseKey, refused } = await seated();
    const before = await refused();
    expect(before).toEqual([{ id: leaseId, platform: 'linux', lastSeenAt: expect.any(String) }]);
    expect(outline(await client.post(`leases/${leaseId}/heartbeat`, licenseKey))).toEqual([200]);
    const [after] = (await refused()) ?? [];
    expect(String(after?.lastSeenAt) > String(before?.[0]?.lastSeenAt)).toBe(true);
    const named = await seated({ deviceNamesByKey: true });
    expect(await named.refused()).toMatchObject([{ id: named.leaseId, name: 'device of one' }]);
  });

  test('tells nothing more than before under a policy from before this rule', async () => {
    const { refused } = await seated({ deviceNamesByKey: undefined });
    expect(await refused()).toBeUndefined();
  });

  test('keeps the seat for its holder when the policy says OWN', async () => {
    const { leaseId, licenseId, licenseKey } = await seated(own);
    const keep = (more: object) => client.post(`leases/${leaseId}/heartbeat`, licenseKey, more);
    for (const act of [keep, (more: object) => release(leaseId, licenseKey, more)]) {
      expect(missing(await act({}))).toEqual(['/leaseHolder']);
      expect(outline(await act({ leaseHolder: 'stranger' }))).toEqual([404, 'NOT_FOUND']);
      expect(outline(await act({ leaseHolder: 'one' }))).toEqual([200]);
    }
    const again = await client.post('leases', licenseKey, { leaseHolder: 'one' });
    const path = `/v1/licenses/leases/${again.body.lease?.id}?licenseId=${licenseId}`;
    expect(outline(await ledger.call('DELETE', path, { key: ledger.a.apiKey }))).toEqual([200]);
  });
});

describe('A transfer', () => {
  const transfer = (licenseId: string, fields: object, once = randomUUID()) =>
    ledger.call('POST', `/v1/licenses/${licenseId}/transfer`, {
      key: ledger.a.apiKey,
      headers: { 'idempotency-key': once },
      body: { toHolderOrganizationId: ledger.b.organizationId, accepted: true, ...fields },
    });
  const validate = async (licenseKey: string) => (await client.post('validate', licenseKey)).body.code;

  test('with RELEASE ends every old key and shows a new one, the same for a repeated request', async () => {
    const { licenseId, licenseKey } = await issue();
    const rotated = await ledger.call('POST', `/v1/licenses/${licenseId}/rotate-key`, {
      key: ledger.a.apiKey,
      body: { overlapSeconds: 3_600 },
    });
    const once = randomUUID();
    const sent = await Promise.all(
      Array.from({ length: 3 }, () => transfer(licenseId, { activations: 'RELEASE' }, once)),
    );
    const answers = sent.filter(({ status }) => status === 200);
    const again = await transfer(licenseId, { activations: 'RELEASE' }, once);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(new Set([...answers, again].map(({ text }) => text)).size).toBe(1);
    expect(again.body).toMatchObject({ changed: true, oldKeyWorks: false, licenseKey: expect.stringMatching(/^LL-/) });

    for (const old of [licenseKey, String(rotated.body.licenseKey)]) {
      const verdict = await client.post('validate', old);
      expect(verdict.body).toMatchObject({ reasons: ['KEY_ROTATED'], status: null, effectiveStatus: null });
      expect(verdict.body).toMatchObject({
        license: null,
        entitlements: [],
        limits: null,
        expiresAt: null,
        revision: null,
      });
      const guess = { fingerprint: 'guessed', user: 'guessed', leaseHolder: 'guessed', entitlements: ['guessed'] };
      const guessed = await client.post('validate', old, guess);
      expect(JSON.parse(guessed.text)).toEqual({ ...JSON.parse(verdict.text), asOf: expect.any(String) });
      expect(outline(await client.get('features', old))).toEqual([404, 'LICENSE_NOT_FOUND']);
      expect(outline(await activate(old, 'of the old holder'))).toEqual([404, 'LICENSE_NOT_FOUND']);
    }
    expect(await validate(String(again.body.licenseKey))).toBe('VALID');
    expect((await transfer(licenseId, { activations: 'RELEASE' })).body).toMatchObject({
      ...{ changed: false, licenseKey: null, oldKeyWorks: null },
    });
    const history = await ledger.call('GET', `/v1/licenses/${licenseId}/history`, { key: ledger.a.apiKey });
    expect(history.text).not.toContain(String(again.body.licenseKey));
  });

  test('with KEEP says that the old key still works', async () => {
    const { licenseId, licenseKey } = await issue();
    expect((await transfer(licenseId, {})).body).toMatchObject({ changed: true, licenseKey: null, oldKeyWorks: true });
    expect(await validate(licenseKey)).toBe('VALID');
  });
});
