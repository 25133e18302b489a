import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressForms } from '../../src/domain/reservation/trial-address.ts';
import type { Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

// People complained that a +tag, a dot or a capital letter in an address was enough for one more trial.

const all = ['TAG', 'DOTS', 'CASE'] as const;
const isOnePerson = (one: string, other: string, ignored: readonly (typeof all)[number][]) =>
  addressForms(one, ignored).some((form) => addressForms(other, ignored).includes(form));

describe('two addresses are of one person', () => {
  test.each([
    ['ann@shop.example', 'ann@shop.example', [], true],
    [' ann@shop.example ', 'ann@SHOP.example', [], true],
    ['ann+1@shop.example', 'ann+2@shop.example', [], false],
    ['ann+1@shop.example', 'ann+2@shop.example', ['TAG'], true],
    ['ann+1@shop.example', 'ann@shop.example', ['TAG'], true],
    ['+ann@shop.example', '+bob@shop.example', ['TAG'], false],
    ['a.nn@shop.example', 'an.n@shop.example', ['DOTS'], true],
    ['a.nn@shop.example', 'an.n@shop.example', ['TAG', 'CASE'], false],
    ['Ann@shop.example', 'ann@shop.example', [], false],
    ['Ann@shop.example', 'ann@shop.example', ['CASE'], true],
    ['A.N.N+news@shop.example', 'ann@shop.example', all, true],
    ['ann@shop.example', 'ann@other.example', all, false],
    ['ann@shop.example', 'bob@shop.example', all, false],
  ] as const)('%s and %s, where a policy ignores %j: %s', (one, other, ignored, expected) => {
    expect(isOnePerson(one, other, ignored)).toBe(expected);
    expect(isOnePerson(other, one, ignored)).toBe(expected);
  });
});

describe('a trial for an address', () => {
  let ledger: Ledger;
  const policies: string[] = [];
  beforeAll(async () => {
    ledger = await shareLedger();
    await ledger.call('POST', '/v1/products', { key: ledger.a.apiKey, body: { code: 'editor', name: 'Editor' } });
    for (const trialAddressIgnores of [all, []]) {
      const body = { name: 'Trial', tier: 'TRIAL', products: ['editor'], trialAddressIgnores };
      const { body: policy } = await ledger.call('POST', '/v1/policies', { key: ledger.a.apiKey, body });
      policies.push(String(policy.id));
    }
  });
  afterAll(() => ledger.stop());
  const tryOut = (trialAddress: string | undefined, policyId = policies[0]) =>
    ledger.call('POST', '/v1/licenses', { key: ledger.a.apiKey, body: { policyId, trialAddress } });

  test('is had once by a person, whatever variation of the address comes next, also at the same time', async () => {
    const first = await Promise.all(['ann@a.example', 'ann+1@a.example', 'A.nn@a.example'].map((one) => tryOut(one)));
    expect(first.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
    const again = await tryOut('Ann+again@A.example');
    expect([again.status, again.body.code, again.body.errors?.[0]?.pointer]).toEqual([
      409,
      'CODE_TAKEN',
      '/trialAddress',
    ]);
    expect((await tryOut('bob@a.example')).status).toBe(201);
    expect((await tryOut(undefined)).status).toBe(201);
  });

  test('is found again by the address itself under a policy that ignores nothing', async () => {
    expect((await tryOut('cy+1@a.example', policies[1])).status).toBe(201);
    expect((await tryOut('cy+2@a.example', policies[1])).status).toBe(201);
    expect((await tryOut('cy+1@a.example', policies[1])).status).toBe(409);
    expect((await tryOut('cy+1@a.example')).status).toBe(409);
  });

  test('shows the address nowhere', async () => {
    const { body } = await tryOut('dora+secret@a.example');
    const licenseId = String(body.license?.id);
    const history = await ledger.call('GET', `/v1/licenses/${licenseId}/history`, { key: ledger.a.apiKey });
    expect(`${JSON.stringify(body)}${history.text}`).not.toContain('dora');
  });

  test('is refused for a policy that is not for trials, and for what is no address', async () => {
    const paid = await ledger.call('POST', '/v1/licenses', {
      key: ledger.a.apiKey,
      body: { tier: 'PRO', products: ['editor'], trialAddress: 'ann@a.example' },
    });
    expect([paid.status, paid.body.errors?.[0]?.pointer]).toEqual([400, '/trialAddress']);
    expect((await tryOut('ann')).status).toBe(400);
  });
});
