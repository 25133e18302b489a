import { expect, test } from 'vitest';
import { userReference } from '../../src/aggregates/codec-fields.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { fingerprintHashes } from '../../src/identity/fingerprint.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';
import { userReferences } from '../../src/identity/user-reference.ts';
import { testId } from '../support/license-fixtures.ts';

const secretOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const secrets = parseSecrets(secretOf(1));
const rotated = parseSecrets(`${secretOf(2)},${secretOf(1)}`);

test('a user of ours is its own reference, under any secret', () => {
  const user = testId('usr', 'ada');
  expect(userReferences(rotated, 'org_a', user)).toEqual([user]);
});

test('any other user becomes a reference that events may hold and that does not contain the name', () => {
  for (const user of ['ada@example.com', 'usr_ada', 'x'.repeat(256), 'Ä']) {
    const [reference = ''] = userReferences(secrets, 'org_a', user);
    expect(userReference.safeParse(reference).success).toBe(true);
    expect(reference).not.toContain(user);
  }
});

test('the same user has one reference per issuer, and the old one among those of a changed secret', () => {
  const [reference = ''] = userReferences(secrets, 'org_a', 'ada@example.com');
  expect(userReferences(secrets, 'org_a', 'ada@example.com')).toEqual([reference]);
  expect(userReferences(secrets, 'org_b', 'ada@example.com')).not.toContain(reference);
  const both = userReferences(rotated, 'org_a', 'ada@example.com');
  expect([both.length, both[1]]).toEqual([2, reference]);
});

test('a user and a device of the same name cannot be told to be the same', () => {
  const [hash = ''] = fingerprintHashes(secrets, 'org_a', 'ada');
  const [reference] = userReferences(secrets, 'org_a', 'ada');
  const uuid = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-${hash.slice(12, 16)}-${hash.slice(16, 20)}-${hash.slice(20, 32)}`;
  expect(reference).not.toBe(encodeId('ref', uuid));
});
