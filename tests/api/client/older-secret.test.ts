import { afterAll, beforeAll, expect, test } from 'vitest';
import { findDeviceHashes, findHolder, findUser } from '../../../src/application/devices/known-names.ts';
import { readValidationInput } from '../../../src/application/validation/validation-input.ts';
import { validate } from '../../../src/domain/license/validation/validity.ts';
import { componentHashes, fingerprintHashes } from '../../../src/identity/fingerprint.ts';
import { parseSecrets } from '../../../src/identity/secrets.ts';
import { userReferences } from '../../../src/identity/user-reference.ts';
import { createValidationReader } from '../../../src/projections/queries/validation.ts';
import { issueDirectly } from '../../support/issue-directly.ts';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { clientOf } from './client.ts';

const base64 = (byte: number) => Buffer.alloc(32, byte).toString('base64');
// As after LEDGER_SECRET was given another value in front: the ledger of the tests has the second one.
const secrets = parseSecrets(`${base64(9)},${base64(7)}`);
const components = { cpu: 'a', disk: 'b' };
let ledger: Ledger;
let licenseId: string;
beforeAll(async () => {
  ledger = await shareLedger();
  const client = clientOf(ledger);
  const issued = await issueDirectly(ledger, { policy: { fingerprintMatching: 'ANY' } });
  licenseId = issued.licenseId;
  await client.assign(licenseId, 'ada');
  await client.post('activate', issued.licenseKey, { fingerprint: 'laptop', components });
  const { headers } = await client.post('leases', issued.licenseKey, { leaseHolder: 'laptop' });
  await ledger.projected.waitFor(BigInt(headers.get('ledger-position') ?? 0), 10_000);
});
afterAll(() => ledger.stop());

const nobody = { apiKey: async () => null, user: async () => null };
const known = async () => {
  const needs = {
    pool: ledger.database.api,
    secrets,
    validations: createValidationReader(ledger.database.api),
    authenticate: nobody,
  };
  const found = await needs.validations.byId(ledger.a.organizationId, licenseId);
  if (found === null) throw new Error('The license was not projected.');
  return { needs, found, issuer: ledger.a.organizationId };
};

test('Users, holders and devices that were stored under an older secret are found', async () => {
  const { needs, found, issuer } = await known();
  const [, olderUser] = userReferences(secrets, found.facts, 'ada');
  const [, olderHash] = fingerprintHashes(secrets, issuer, 'laptop');
  const [, olderParts] = componentHashes(secrets, issuer, components);
  expect(await findUser(needs, found, 'ada')).toBe(olderUser);
  expect(await findHolder(needs, found, 'laptop')).toBe(olderHash);
  const same = { fingerprint: 'laptop', components };
  expect(await findDeviceHashes(needs, found, same)).toEqual({ fingerprintHash: olderHash, components: olderParts });
  const changed = await findDeviceHashes(needs, found, { fingerprint: 'changed', components: { cpu: 'a' } });
  expect(changed.components).toEqual({ cpu: olderParts?.cpu });
});

test('New users, holders and devices are stored under the newest secret', async () => {
  const { needs, found, issuer } = await known();
  expect(await findUser(needs, found, 'bob')).toBe(userReferences(secrets, found.facts, 'bob')[0]);
  expect(await findHolder(needs, found, 'desktop')).toBe(fingerprintHashes(secrets, issuer, 'desktop')[0]);
  const fresh = { cpu: 'other' };
  expect(await findDeviceHashes(needs, found, { fingerprint: 'desktop', components: fresh })).toEqual({
    fingerprintHash: fingerprintHashes(secrets, issuer, 'desktop')[0],
    components: componentHashes(secrets, issuer, fresh)[0],
  });
});

test('A validation that names values of an older secret is valid', async () => {
  const { needs, found } = await known();
  const asked = { fingerprint: 'changed', components: { disk: 'b' }, user: 'ada', leaseHolder: 'laptop' };
  const { view, scope } = await readValidationInput(needs, found, asked);
  expect(validate(view, scope, ledger.needs.now())).toMatchObject({ valid: true, code: 'VALID' });
});
