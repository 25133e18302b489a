import { expect, test } from 'vitest';
import { encodeCursor } from '../../../src/api/cursor.ts';
import { decodeFeedCursor, encodeFeedCursor } from '../../../src/api/events/feed-cursor.ts';
import { parseSecrets } from '../../../src/identity/secrets.ts';
import { customer, testId, vendor } from '../../support/license-fixtures.ts';

const secrets = parseSecrets(Buffer.alloc(32, 1).toString('base64'));
const place = { position: 2n ** 62n, licenseId: testId('lic', 'one'), revision: 7n };
const feed = { organizationId: vendor, types: ['LicenseIssued', 'LicenseRevoked'], products: null };

test('A cursor returns to its place, also to the beginning', () => {
  for (const types of [null, ['LicenseIssued']])
    for (const each of [place, null]) {
      const cursor = encodeFeedCursor(secrets, { ...feed, types }, each);
      expect(decodeFeedCursor(secrets, { ...feed, types }, cursor)).toEqual({ place: each });
    }
});

test('The order of types in a cursor does not matter, but the types do', () => {
  const cursor = encodeFeedCursor(secrets, feed, place);
  expect(decodeFeedCursor(secrets, { ...feed, types: feed.types.toReversed() }, cursor)).toEqual({ place });
  for (const types of [null, [], ['LicenseIssued'], ['LicenseIssued\0LicenseRevoked']])
    expect(decodeFeedCursor(secrets, { ...feed, types }, cursor)).toEqual({
      refused: expect.stringContaining('another list of types'),
    });
});

test('A changed cursor, or one of another organization, version or list, is refused', () => {
  const cursor = encodeFeedCursor(secrets, feed, place);
  const refused = { refused: expect.stringContaining('not a cursor of this feed') };
  expect(decodeFeedCursor(secrets, { ...feed, organizationId: customer }, cursor)).toEqual(refused);
  const later = encodeCursor(secrets, 'events', `2\0${vendor}\0\0\0\0`);
  const elsewhere = encodeCursor(secrets, 'licenses', `1\0${vendor}\0\0\0\0`);
  for (const other of [later, elsewhere, `A${cursor}`, cursor.slice(1), '', 'x'])
    expect(decodeFeedCursor(secrets, feed, other)).toEqual(refused);
});
