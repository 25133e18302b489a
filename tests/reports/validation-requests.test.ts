import { beforeAll, describe, expect, test } from 'vitest';
import { clientOf } from '../api/client/client.ts';
import type { Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

let ledger: Ledger;
let licenseKey: string;
beforeAll(async () => {
  ledger = await shareLedger();
  licenseKey = (await ledger.issue()).licenseKey;
});

const validate = (fields: object) => ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, ...fields } });

describe('a validation with an empty list', () => {
  test.each(['entitlements', 'meters'])('of %s checks nothing, so it is refused', async (name) => {
    expect(await validate({ [name]: [] })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_REQUEST', errors: [{ pointer: `/${name}` }] },
    });
    expect(await validate({})).toMatchObject({ status: 200, body: { code: 'VALID' } });
  });
});

describe('a policy that restricts', () => {
  test('answers what a validation must name, and the code says what is missing', async () => {
    const products = ['local_cli'];
    const rules = { environment: 'live', versions: { below: 'v2.0.0' }, expiryStrategy: 'MAINTAIN' };
    const body = { name: 'Restricted', tier: 'PRO', products, ...rules };
    const key = ledger.b.apiKey;
    await ledger.call('POST', '/v1/products', { key, body: { code: 'local_cli', name: 'CLI' } });
    const { body: policy } = await ledger.call('POST', '/v1/policies', { key, body });
    expect(policy).toMatchObject({
      ...{ versionRequired: true, environmentRequired: true, releasedAtRequired: true, userRequired: false },
      versions: { from: null, below: 'v2.0.0' },
    });
    const issued = await ledger.issue({ tier: undefined, policyId: policy.id, products }, ledger.b);
    const codeOf = async (fields: object) => {
      const answer = await validate({ licenseKey: issued.licenseKey, ...fields });
      return answer.body.code;
    };
    const version = { number: 'v1.9.0', releasedAt: '2020-01-01T00:00:00Z' };
    expect(await codeOf({})).toBe('ENVIRONMENT_SCOPE_REQUIRED');
    expect(await codeOf({ environment: 'live' })).toBe('VERSION_SCOPE_REQUIRED');
    expect(await codeOf({ environment: 'live', version: 'v1.9.0' })).toBe('VERSION_SCOPE_REQUIRED');
    expect(await codeOf({ environment: 'live', version })).toBe('VALID');
    expect(await codeOf({ environment: 'live', version: { ...version, number: 'latest' } })).toBe(
      'VERSION_NOT_ENTITLED',
    );
  });
});

describe('a device that was activated for a user and an environment', () => {
  test('shows both, is valid for no other, and its seat ends with the user', async () => {
    const client = clientOf(ledger);
    const { licenseId, licenseKey: key } = await ledger.issue({ limits: { users: 2, seats: 2 } });
    for (const user of ['ada@example.com', 'bob@example.com']) await client.assign(licenseId, user);
    const laptop = { fingerprint: 'laptop', user: 'ada@example.com', environment: 'production' };
    const { body: activated } = await client.post('activate', key, laptop);
    const user = expect.stringMatching(/^ref_/);
    expect(activated.activation).toMatchObject({ user, environment: 'production' });
    const codeOf = async (fields: object) => (await client.post('validate', key, fields)).body.code;
    expect(await codeOf(laptop)).toBe('VALID');
    expect(await codeOf({ ...laptop, user: 'bob@example.com' })).toBe('USER_NOT_ASSIGNED');
    expect(await codeOf({ ...laptop, environment: 'staging' })).toBe('ENVIRONMENT_MISMATCH');
    const byId = { activationId: activated.activation?.id };
    expect(await codeOf({ ...byId, environment: 'staging' })).toBe('ENVIRONMENT_MISMATCH');
    expect(await codeOf({ ...byId, user: 'bob@example.com' })).toBe('USER_NOT_ASSIGNED');
    expect(await codeOf({ ...byId, user: laptop.user, environment: 'production' })).toBe('VALID');

    const seat = { leaseHolder: 'laptop', user: laptop.user };
    expect((await client.post('leases', key, seat)).status).toBe(201);
    const path = `/v1/licenses/${licenseId}/users/${activated.activation?.user}`;
    const { body: ended, headers } = await ledger.call('DELETE', path, { key: ledger.a.apiKey });
    expect(ended).toMatchObject({ changed: true });
    const minimum = { 'ledger-min-position': headers.get('ledger-position') ?? '' };
    const { body } = await ledger.call('POST', '/v1/licenses/validate', {
      headers: minimum,
      body: { licenseKey: key },
    });
    expect(body.limits).toMatchObject({ seats: { used: 0 }, users: { used: 1 }, activations: { used: 1 } });
  });
});
