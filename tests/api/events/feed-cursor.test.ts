import { expect, test } from 'vitest';
import { encodeCursor } from '../../../src/api/cursor.ts';
import { decodeFeedCursor, encodeFeedCursor } from '../../../src/api/events/feed-cursor.ts';
import { parseSecrets } from '../../../src/identity/secrets.ts';
import { customer, testId, vendor } from '../../support/license-fixtures.ts';

const secrets = parseSecrets(Buffer.alloc(32, 1).toString('base64'));
const first = { secrets, logId: null };
const moved = { secrets, logId: '0b0f4a6e-9d3e-4f5b-8c55-2f1d7a3c9e10' };
const place = { position: 2n ** 62n, licenseId: testId('lic', 'one'), revision: 7n };
const feed = { organizationId: vendor, types: ['LicenseIssued', 'LicenseRevoked'], products: null };

test('A cursor returns to its place, also to the beginning', () => {
  for (const types of [null, ['LicenseIssued']])
    for (const each of [place, null]) {
      const cursor = encodeFeedCursor(first, { ...feed, types }, each);
      expect(decodeFeedCursor(first, { ...feed, types }, cursor)).toEqual({ place: each, isOfOtherLog: false });
    }
});

test('The order of types in a cursor does not matter, but the types do', () => {
  const cursor = encodeFeedCursor(first, feed, place);
  expect(decodeFeedCursor(first, { ...feed, types: feed.types.toReversed() }, cursor)).toEqual({
    place,
    isOfOtherLog: false,
  });
  for (const types of [null, [], ['LicenseIssued'], ['LicenseIssued\0LicenseRevoked']])
    expect(decodeFeedCursor(first, { ...feed, types }, cursor)).toEqual({
      refused: expect.stringContaining('another list of types'),
    });
});

test('A changed cursor, or one of another organization, version or list, is refused', () => {
  const cursor = encodeFeedCursor(first, feed, place);
  const refused = { refused: expect.stringContaining('not a cursor of this feed') };
  expect(decodeFeedCursor(first, { ...feed, organizationId: customer }, cursor)).toEqual(refused);
  const later = encodeCursor(secrets, 'events', `3\0${vendor}\0\0\0\0`);
  const withoutLog = encodeCursor(secrets, 'events', `2\0${vendor}\0\0\0\0`);
  const elsewhere = encodeCursor(secrets, 'licenses', `1\0${vendor}\0\0\0\0`);
  for (const other of [later, withoutLog, elsewhere, `A${cursor}`, cursor.slice(1), '', 'x'])
    expect(decodeFeedCursor(first, feed, other)).toEqual(refused);
});

test('A cursor tells whether its position counts in the log that the event store has', () => {
  const cursors = [first, moved].map((maker) => encodeFeedCursor(maker, feed, place));
  const decoded = [first, moved].map((maker) => cursors.map((cursor) => decodeFeedCursor(maker, feed, cursor)));
  expect(decoded).toEqual([
    [
      { place, isOfOtherLog: false },
      { place, isOfOtherLog: true },
    ],
    [
      { place, isOfOtherLog: true },
      { place, isOfOtherLog: false },
    ],
  ]);
});

test('A cursor of the first log has the form that earlier releases read', () => {
  const fields = ['1', vendor, '', `${place.position}`, place.licenseId, '7'];
  const earlier = encodeCursor(secrets, 'events', fields.join('\0'));
  expect(encodeFeedCursor(first, { ...feed, types: null }, place)).toBe(earlier);
});
