import { expect, test } from 'vitest';
import { userReference } from '../../src/aggregates/codec-fields.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { fingerprintHashes } from '../../src/identity/fingerprint.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';
import { userReferences } from '../../src/identity/user-reference.ts';
import { testId } from '../support/license-fixtures.ts';

const org = (issuerOrgId: string, holderOrgId: string | null = null, formerHolders: readonly string[] = []) => ({
  issuerOrgId,
  holderOrgId,
  formerHolders,
});
const secretOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const secrets = parseSecrets(secretOf(1));
const rotated = parseSecrets(`${secretOf(2)},${secretOf(1)}`);

test('The id of a user of this server is its own reference, with any secret', () => {
  const user = testId('usr', 'ada');
  expect(userReferences(rotated, org('org_a'), user)).toEqual([user]);
});

test('Any other name becomes a valid reference that does not contain the name', () => {
  for (const user of ['ada@example.com', 'usr_ada', 'x'.repeat(256), 'Ä']) {
    const [reference = ''] = userReferences(secrets, org('org_a'), user);
    expect(userReference.safeParse(reference).success).toBe(true);
    expect(reference).not.toContain(user);
  }
});

test('A user has a different reference for each issuer, and keeps the old one after a change of the secret', () => {
  const [reference = ''] = userReferences(secrets, org('org_a'), 'ada@example.com');
  expect(userReferences(secrets, org('org_a'), 'ada@example.com')).toEqual([reference]);
  expect(userReferences(secrets, org('org_b'), 'ada@example.com')).not.toContain(reference);
  const both = userReferences(rotated, org('org_a'), 'ada@example.com');
  expect([both.length, both[1]]).toEqual([2, reference]);
});

test('A user and a device with the same name have different references', () => {
  const [hash = ''] = fingerprintHashes(secrets, 'org_a', 'ada');
  const [reference] = userReferences(secrets, org('org_a'), 'ada');
  const uuid = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-${hash.slice(12, 16)}-${hash.slice(16, 20)}-${hash.slice(20, 32)}`;
  expect(reference).not.toBe(encodeId('ref', uuid));
});

test('Two holders, two issuers, and a holder and its issuer have no reference in common', () => {
  const first = (...parties: Parameters<typeof org>) => userReferences(secrets, org(...parties), 'ada@example.com')[0];
  const references = [
    first('org_a'),
    first('org_a', 'org_h'),
    first('org_a', 'org_i'),
    first('org_b', 'org_h'),
    first('org_a', 'org_a'),
  ];
  expect(new Set(references).size).toBe(references.length);
});

test('A reference of an earlier release or of a former holder is still known, and new assignments use the own one', () => {
  const earlier = userReferences(secrets, org('org_a'), 'ada@example.com');
  // As the releases before wrote it.
  expect(earlier).toEqual(['ref_36kgt1nfm9s70exp0da4cy5yg7']);
  const former = userReferences(secrets, org('org_a', 'org_f'), 'ada@example.com')[0];
  const all = userReferences(secrets, org('org_a', 'org_h', ['org_e', 'org_f']), 'ada@example.com');
  expect(all).toHaveLength(4);
  expect(all.slice(1)).toContain(earlier[0]);
  expect(all.slice(1)).toContain(former);
  expect(all[0]).toBe(userReferences(secrets, org('org_a', 'org_h'), 'ada@example.com')[0]);
});
