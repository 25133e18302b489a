import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ValidationCode, validationCodes } from '../../../src/domain/license/validation/validation-codes.ts';
import { formatLicenseKey, generateLicenseKeyBody } from '../../../src/identity/license-key.ts';
import { issueDirectly, sendTo } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { testHash, testId } from '../../support/license-fixtures.ts';
import { clientOf, close } from './client.ts';

let ledger: Ledger;
let client: ReturnType<typeof clientOf>;
const seen = new Set<string>();
beforeAll(async () => {
  ledger = await startLedger();
  client = clientOf(ledger);
});
afterAll(() => ledger.stop());

type Wanted = Parameters<typeof issueDirectly>[1];

const issue = (wanted: Wanted = {}) => issueDirectly(ledger, wanted);
const validate = async (licenseKey: string, scope: object = {}) => {
  const { status, body } = await client.post('validate', licenseKey, scope);
  expect(status).toBe(200);
  seen.add(String(body.code));
  return body;
};
/** What validating says: valid or not, the code, and all reasons where there is more than the code. */
const verdict = async (licenseKey: string, scope: object = {}) => {
  const { valid, code, reasons } = await validate(licenseKey, scope);
  return z
    .tuple([z.boolean(), z.enum(validationCodes), z.array(z.enum(validationCodes))])
    .parse([valid, code, reasons]);
};
const expectCode = async (code: ValidationCode, valid: boolean, licenseKey: string, scope: object = {}) => {
  const [saysValid, said] = await verdict(licenseKey, scope);
  expect([said, saysValid]).toEqual([code, valid]);
};
const activate = (licenseKey: string, fields: object) => client.post('activate', licenseKey, fields);

describe('A validation of a license', () => {
  test('with an unknown key is NOT_FOUND for every request', async () => {
    const unknown = formatLicenseKey('LL', generateLicenseKeyBody());
    const body = await validate(unknown, { fingerprint: 'x', user: 'ada', leaseHolder: 'x', components: { cpu: 'x' } });
    expect(body).toMatchObject({
      valid: false,
      code: 'NOT_FOUND',
      license: null,
      limits: null,
      missingEntitlements: [],
    });
  });

  test('says that it is revoked, suspended, not started, expired or in grace', async () => {
    const revoked = await issue();
    await sendTo(ledger, revoked.licenseId, { type: 'Suspend', data: { reasonCode: 'FRAUD', until: null } });
    await sendTo(ledger, revoked.licenseId, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
    expect(await verdict(revoked.licenseKey)).toEqual([false, 'REVOKED', ['REVOKED', 'SUSPENDED']]);
    const suspended = await issue();
    await sendTo(ledger, suspended.licenseId, { type: 'Suspend', data: { reasonCode: 'FRAUD', until: null } });
    await expectCode('SUSPENDED', false, suspended.licenseKey);
    const startsAt = new Date(Date.now() + 3_600_000).toISOString();
    const upcoming = await issue({ term: { kind: 'duration', duration: 'P1Y', startsAt } });
    await expectCode('NOT_YET_VALID', false, upcoming.licenseKey);

    const hour = { kind: 'duration', duration: 'PT1H', startsAt: null } as const;
    const strict = await issue({ term: hour });
    const maintained = await issue({ term: hour, policy: { expiryStrategy: 'MAINTAIN' } });
    const graced = await issue({ term: hour, policy: { expiryGraceSeconds: 600 } });
    await client.later(3_700, async () => {
      await expectCode('EXPIRED', false, strict.licenseKey);
      await expectCode('EXPIRED', true, maintained.licenseKey);
      await expectCode('VALID_IN_GRACE', true, graced.licenseKey);
    });
  });

  test('with a rotated key after the overlap is KEY_ROTATED', async () => {
    const { licenseId, licenseKey } = await issue();
    const key = { keyHash: testHash(licenseId), secretId: 'secret-1', hint: 'ABCDE' };
    await sendTo(ledger, licenseId, { type: 'RotateKey', data: { ...key, overlapSeconds: 0, cause: 'ROUTINE' } });
    await expectCode('KEY_ROTATED', false, licenseKey);
  });

  test('of a closed issuer is TENANT_SUSPENDED', async () => {
    const doomed = await ledger.createVendor('Doomed');
    const { licenseKey } = await issue({ issuerOrgId: doomed.organizationId });
    await expectCode('VALID', true, licenseKey);
    await close(ledger, doomed.organizationId);
    await expectCode('TENANT_SUSPENDED', false, licenseKey);
  });

  test('that did not check in on time is CHECK_IN_OVERDUE', async () => {
    const { licenseKey } = await issue({ policy: { checkInSeconds: 60 } });
    await client.later(61, () => expectCode('CHECK_IN_OVERDUE', false, licenseKey));
  });

  test('with usage above its limits is VALID_OVERAGE or TOO_MANY_…, as the policy says', async () => {
    const over = async (limitStrategy: 'ALLOW_OVER' | 'REJECT', limit: 'activations' | 'seats' | 'users') => {
      const { licenseId, licenseKey } = await issue({ policy: { limitStrategy } });
      for (const name of ['a', 'b']) {
        await client.assign(licenseId, name);
        await activate(licenseKey, { fingerprint: name });
        await client.post('leases', licenseKey, { leaseHolder: name });
      }
      const limits = { activations: 5, seats: 5, users: 5, meters: {}, [limit]: 1 };
      await sendTo(ledger, licenseId, { type: 'ChangeLimits', data: { limits, strategy: 'ALLOW_OVER' } });
      return licenseKey;
    };
    await expectCode('VALID_OVERAGE', true, await over('ALLOW_OVER', 'activations'));
    await expectCode('TOO_MANY_ACTIVATIONS', false, await over('REJECT', 'activations'));
    await expectCode('TOO_MANY_LEASES', false, await over('REJECT', 'seats'));
    await expectCode('TOO_MANY_USERS', false, await over('REJECT', 'users'));
  });
});

describe('A validation that names', () => {
  test('a product and an environment checks both', async () => {
    const { licenseKey } = await issue({ policy: { productRequired: true, environment: 'production' } });
    await expectCode('PRODUCT_SCOPE_REQUIRED', false, licenseKey);
    await expectCode('PRODUCT_NOT_LICENSED', false, licenseKey, { product: 'workflow_app' });
    await expectCode('VALID', true, licenseKey, { product: 'local_cli' });
    const staging = { product: 'local_cli', environment: 'staging' };
    await expectCode('ENVIRONMENT_MISMATCH', false, licenseKey, staging);
    await expectCode('VALID', true, licenseKey, { ...staging, environment: 'production' });
    const required = await issue({ policy: { environment: 'production', environmentRequired: true } });
    await expectCode('ENVIRONMENT_SCOPE_REQUIRED', false, required.licenseKey);
  });

  test('a version checks its number or its release', async () => {
    const versions = { from: '2.0', below: '3.0' };
    const { licenseKey } = await issue({ policy: { versions }, maintenanceUntil: '2026-06-01T00:00:00.000Z' });
    await expectCode('VALID', true, licenseKey, { version: '2.9.1' });
    await expectCode('VERSION_NOT_ENTITLED', false, licenseKey, { version: '3.0.0' });
    const required = await issue({ policy: { versions, versionRequired: true } });
    await expectCode('VERSION_SCOPE_REQUIRED', false, required.licenseKey);
    const released = (releasedAt: string) => ({ version: { number: '2.9.1', releasedAt } });
    await expectCode('VALID', true, licenseKey, released('2026-05-31T23:59:59Z'));
    await expectCode('VERSION_NOT_ENTITLED', false, licenseKey, released('2026-06-01T00:00:00Z'));
  });

  test('a user accepts the name of the client or the id of a user', async () => {
    const { licenseId, licenseKey } = await issue({ policy: { userRequired: true } });
    const member = testId('usr', 'member');
    await expectCode('USER_SCOPE_REQUIRED', false, licenseKey);
    for (const user of ['ada@example.com', member]) {
      await expectCode('USER_NOT_ASSIGNED', false, licenseKey, { user });
      await client.assign(licenseId, user);
      await expectCode('VALID', true, licenseKey, { user });
    }
    await expectCode('VALID', true, licenseKey, { user: 'Ada@example.com' });
    await expectCode('USER_NOT_ASSIGNED', false, licenseKey, { user: 'bob@example.com' });
  });

  test('entitlements and meters returns the missing and the used up ones', async () => {
    const granted = { code: 'export', value: null, limit: null, source: 'grant' } as const;
    const { licenseId, licenseKey } = await issue({
      entitlements: [
        { ...granted, until: null },
        { ...granted, code: 'beta', until: new Date(Date.now() + 60_000).toISOString() },
      ],
      limits: { meters: { api_calls: 10 } },
    });
    const both = { entitlements: ['export', 'beta'], meters: ['api_calls'] };
    await expectCode('VALID', true, licenseKey, both);
    const found = await validate(licenseKey, both);
    expect(found.entitlements).toMatchObject([{ code: 'export' }, { code: 'beta' }]);
    expect(Number(found.ttlSeconds)).toBeLessThanOrEqual(60);
    await client.later(61, async () => {
      const missing = await validate(licenseKey, { entitlements: ['export', 'beta', 'sso'] });
      expect(missing).toMatchObject({ code: 'ENTITLEMENT_MISSING', missingEntitlements: ['beta', 'sso'] });
      expect(missing.entitlements).toMatchObject([{ ...granted, until: null }]);
    });
    await client.post('usage', licenseKey, { meter: 'api_calls', quantity: 10 });
    const exceeded = await validate(licenseKey, { meters: ['api_calls', 'unknown'] });
    expect(exceeded).toMatchObject({
      valid: false,
      code: 'QUOTA_EXCEEDED',
      exceededMeters: ['api_calls', 'unknown'],
      limits: { meters: { api_calls: { used: 10, max: 10 } } },
    });
    expect(licenseId).toBe(exceeded.license?.id);
  });

  test('a device checks its components', async () => {
    const { licenseKey } = await issue({ policy: { componentCheck: 'ALL' } });
    await activate(licenseKey, { fingerprint: 'laptop', components: { disk: 'd1' } });
    await expectCode('COMPONENTS_REQUIRED', false, licenseKey, { fingerprint: 'laptop' });
    const components = { disk: 'd2' };
    await expectCode('COMPONENTS_MISMATCH', false, licenseKey, { fingerprint: 'laptop', components });
  });

  test('a device checks its fingerprint and its activation', async () => {
    const { licenseKey } = await issue({ policy: { fingerprintRequired: true } });
    await expectCode('FINGERPRINT_REQUIRED', false, licenseKey);
    await expectCode('NOT_ACTIVATED', false, licenseKey, { fingerprint: 'laptop' });
    const ids = [];
    for (const fingerprint of ['laptop', 'desktop']) {
      ids.push(String((await activate(licenseKey, { fingerprint })).body.activation?.id));
    }
    const [laptop, desktop] = ids;
    await expectCode('VALID', true, licenseKey, { fingerprint: 'laptop' });
    await expectCode('VALID', true, licenseKey, { activationId: laptop });
    await expectCode('VALID', true, licenseKey, { activationId: laptop, fingerprint: 'laptop' });
    await expectCode('FINGERPRINT_MISMATCH', false, licenseKey, { activationId: desktop, fingerprint: 'laptop' });
    await expectCode('FINGERPRINT_MISMATCH', false, licenseKey, { activationId: desktop, fingerprint: 'stranger' });
    await client.post('deactivate', licenseKey, { fingerprint: 'desktop' });
    await expectCode('NOT_ACTIVATED', false, licenseKey, { activationId: desktop });
    const other = await issue();
    await expectCode('NOT_ACTIVATED', false, other.licenseKey, { activationId: laptop });
  });

  test.each([
    ['ANY', ['VALID', 'VALID', 'VALID', 'NOT_ACTIVATED']],
    ['MOST', ['VALID', 'VALID', 'NOT_ACTIVATED', 'NOT_ACTIVATED']],
    ['ALL', ['VALID', 'NOT_ACTIVATED', 'NOT_ACTIVATED', 'NOT_ACTIVATED']],
    ['EXACT', ['NOT_ACTIVATED', 'NOT_ACTIVATED', 'NOT_ACTIVATED', 'NOT_ACTIVATED']],
  ] as const)(
    'a device with a changed fingerprint recognizes it by %s of its components',
    async (fingerprintMatching, expected) => {
      const { licenseKey } = await issue({ policy: { fingerprintMatching } });
      const components = { cpu: 'a', disk: 'b', board: 'c' };
      const { body } = await activate(licenseKey, { fingerprint: 'before', components });
      const changed = [
        components,
        { ...components, disk: 'x' },
        { cpu: 'a', disk: 'x', board: 'x' },
        // The same values in other places are other parts.
        { cpu: 'c', disk: 'a', board: 'b' },
      ];
      const codes = [];
      for (const parts of changed)
        codes.push((await verdict(licenseKey, { fingerprint: 'after', components: parts }))[1]);
      expect(codes).toEqual(expected);
      const named = { activationId: String(body.activation?.id), fingerprint: 'after', components };
      await expectCode(
        fingerprintMatching === 'EXACT' ? 'FINGERPRINT_MISMATCH' : 'VALID',
        fingerprintMatching !== 'EXACT',
        licenseKey,
        named,
      );
    },
  );

  test('the holder of a seat checks its lease', async () => {
    const lease = { scope: 'MACHINE', ttlSeconds: 100, resurrectSeconds: 0, borrowMaxSeconds: 0 } as const;
    const { licenseKey } = await issue({ policy: { lease, leaseRequired: true } });
    await expectCode('NO_LEASE', false, licenseKey);
    await expectCode('NO_LEASE', false, licenseKey, { leaseHolder: 'laptop' });
    await client.post('leases', licenseKey, { leaseHolder: 'laptop' });
    const held = await validate(licenseKey, { leaseHolder: 'laptop' });
    expect(held).toMatchObject({ valid: true, code: 'VALID' });
    // No answer may be cached longer than the seat is good for.
    expect(Number(held.ttlSeconds)).toBeLessThanOrEqual(100);
    await client.later(101, () => expectCode('LEASE_EXPIRED', false, licenseKey, { leaseHolder: 'laptop' }));
  });

  test('components without a fingerprint is refused', async () => {
    const { licenseKey } = await issue();
    const { status, body } = await client.post('validate', licenseKey, { components: { cpu: 'a' } });
    expect([status, body.code, body.errors]).toMatchObject([400, 'INVALID_REQUEST', [{ pointer: '/components' }]]);
  });

  test('everything returns all reasons in their order', async () => {
    const { licenseKey } = await issue();
    const scope = {
      product: 'workflow_app',
      user: 'ada',
      entitlements: ['sso'],
      fingerprint: 'x',
      leaseHolder: 'x',
      meters: ['m'],
    };
    expect(await verdict(licenseKey, scope)).toEqual([
      false,
      'PRODUCT_NOT_LICENSED',
      [
        'PRODUCT_NOT_LICENSED',
        'USER_NOT_ASSIGNED',
        'ENTITLEMENT_MISSING',
        'NOT_ACTIVATED',
        'NO_LEASE',
        'QUOTA_EXCEEDED',
      ],
    ]);
  });
});

test('The tests of validation produced every code', () => {
  expect(validationCodes.filter((code) => !seen.has(code))).toEqual([]);
});
