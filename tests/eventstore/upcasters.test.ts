import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { upcasters as ours } from '../../src/aggregates/upcasters.ts';
import { decodeWith, NewerEvent } from '../../src/eventstore/envelope.ts';
import type { JsonObject, Recorded } from '../../src/eventstore/event-store.ts';
import { publishedVersionOf, type Upcasters, versionOf } from '../../src/eventstore/upcast.ts';
import { testHash, testInstant } from '../support/license-fixtures.ts';

// This type was changed twice. Version 2 renamed `name` to `title`; version 3 added `pages`, which is 1 for older
// events.
const upcasters: Upcasters = new Map([
  ['BookPrinted', [({ name = null }: JsonObject) => ({ title: name }), (data: JsonObject) => ({ ...data, pages: 1 })]],
]);
const books = z.discriminatedUnion('type', [
  z.object({ type: z.literal('BookPrinted'), data: z.object({ title: z.string(), pages: z.int() }) }),
  z.object({ type: z.literal('BookSold'), data: z.object({ price: z.int() }) }),
]);

const stored = (type: string, schemaVersion: number, data: JsonObject): Recorded => ({
  stream: 'book-1',
  revision: 3n,
  position: { commit: 3n, prepare: 3n },
  id: 'e',
  type,
  data,
  metadata: {
    schemaVersion,
    issuerOrgId: 'org_1',
    holderOrgId: null,
    effectiveAt: testInstant(0),
    recordedAt: testInstant(0),
    reason: null,
    commandId: 'c',
    requestHash: 'r',
    $correlationId: 'c',
    $causationId: null,
    actor: { type: 'SYSTEM', id: 'printer', onBehalfOf: null },
    prevHash: testHash('previous'),
    hash: testHash('this'),
  },
});
const decode = (type: string, schemaVersion: number, data: JsonObject) =>
  decodeWith(books, stored(type, schemaVersion, data), upcasters);

describe('An event of a type that has changed', () => {
  const current = { type: 'BookPrinted', data: { title: 'Emma', pages: 1 } };

  test.each<[number, JsonObject]>([
    [1, { name: 'Emma' }],
    [2, { title: 'Emma' }],
    [3, { title: 'Emma', pages: 1 }],
  ])('in version %i is converted to the current version, and its envelope stays the same', (version, data) => {
    const { event, envelope } = decode('BookPrinted', version, data);
    expect(event).toEqual(current);
    expect(envelope.schemaVersion).toBe(version);
  });
  test('does not change in the store', () => {
    const recorded = stored('BookPrinted', 1, Object.freeze({ name: 'Emma' }));
    decodeWith(books, recorded, upcasters);
    expect(recorded.data).toEqual({ name: 'Emma' });
  });
  test('is validated after its conversion to the current version', () => {
    expect(() => decode('BookPrinted', 1, { title: 'Emma' })).toThrow('data.title');
    expect(() => decode('BookPrinted', 2, { name: 'Emma' })).toThrow('data.title');
    expect(() => decode('BookPrinted', 3, { title: 'Emma' })).toThrow('data.pages');
  });
  test('is refused as written by a newer program when its version is unknown', () => {
    const newer = () => decode('BookPrinted', 4, { title: 'Emma', pages: 1 });
    expect(newer).toThrow(NewerEvent);
    expect(newer).toThrow('The event BookPrinted at revision 3 of book-1 cannot be read');
    expect(newer).toThrow(
      'It has schema version 4; this release knows 3. A newer release of this program wrote it. Update this process.',
    );
  });
});

test('A type that never changed has version 1', () => {
  expect(decode('BookSold', 1, { price: 5 }).event).toEqual({ type: 'BookSold', data: { price: 5 } });
  expect(() => decode('BookSold', 2, { price: 5 })).toThrow('knows 1');
});

test('A new event gets the current version of its type', () => {
  expect(['BookPrinted', 'BookSold', 'constructor'].map((type) => versionOf(type, upcasters))).toEqual([3, 1, 1]);
});

test.each([
  ['EntitlementGranted', 2, 2, 'a code that is withheld is no grant'],
  ['EntitlementEnded', 2, 2, 'what ends may have withheld its code'],
  ['LicenseExpiryChanged', 3, 2, 'an end may be null'],
  ['LicenseIssued', 4, 1, 'an older program would lose the overrides and the maintenance, and compare no limit'],
  ['LicenseImported', 4, 1, 'an older program would lose the overrides and the maintenance, and compare no limit'],
  ['LicenseLimitsChanged', 5, 1, 'an older program would lose the overrides, and compare no limit'],
  ['ProductAdded', 2, 1, 'an older program would lose the overrides'],
  ['ProductRemoved', 4, 1, 'an older program would lose the overrides'],
  ['TierChangeScheduled', 3, 1, 'an older program would lose the overrides, and compare no limit'],
  ['PolicyCreated', 2, 1, 'an older program would compare no limit'],
  ['PolicyVersionAdded', 2, 1, 'an older program would compare no limit'],
  ['LicenseTierChanged', 4, 1, 'an older program would keep the entitlements and the maintenance that it drops'],
  ['TrialConverted', 4, 1, 'an older program would keep the entitlements and the maintenance that it drops'],
  ['LicenseTermStarted', 2, 1, 'an older program would not know the payment'],
  ['LicenseRenewed', 2, 1, 'an older program would renew for the payment again'],
])('%s is stored in version %i and published in version %i: %s', (type, stored, published) => {
  expect([versionOf(type, ours), publishedVersionOf(type, stored, ours)]).toEqual([stored, published]);
  expect(publishedVersionOf(type, 1, ours)).toBe(1);
});

test('Consumers see the same version of a type while it only gains optional fields', () => {
  expect(versionOf('LicenseRevoked', ours)).toBe(3);
  expect([1, 2, 3].map((version) => publishedVersionOf('LicenseRevoked', version, ours))).toEqual([1, 1, 1]);
  expect([1, 2, 3].map((version) => publishedVersionOf('BookPrinted', version, upcasters))).toEqual([1, 2, 3]);
});
