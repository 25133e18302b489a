import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { upcasters as ours } from '../../src/aggregates/upcasters.ts';
import { decodeWith, NewerEvent } from '../../src/eventstore/envelope.ts';
import type { JsonObject, Recorded } from '../../src/eventstore/event-store.ts';
import { publishedVersionOf, type Upcasters, versionOf } from '../../src/eventstore/upcast.ts';
import { testHash, testInstant } from '../support/license-fixtures.ts';

// A type that was changed twice: `name` became `title`, then `pages` came, which were one before.
const upcasters: Upcasters = new Map([
  ['BookPrinted', [({ name = null }: JsonObject) => ({ title: name }), (data: JsonObject) => ({ ...data, pages: 1 })]],
]);
const books = z.discriminatedUnion('type', [
  z.object({ type: z.literal('BookPrinted'), data: z.object({ title: z.string(), pages: z.int() }) }),
  z.object({ type: z.literal('BookSold'), data: z.object({ price: z.int() }) }),
]);

const stored = (type: string, schemaVersion: number, data: JsonObject): Recorded => ({
  ...{ stream: 'book-1', revision: 3n, position: { commit: 3n, prepare: 3n }, id: 'e', type, data },
  metadata: {
    ...{ schemaVersion, issuerOrgId: 'org_1', holderOrgId: null, reason: null, commandId: 'c', requestHash: 'r' },
    ...{ effectiveAt: testInstant(0), recordedAt: testInstant(0), $correlationId: 'c', $causationId: null },
    actor: { type: 'SYSTEM', id: 'printer', onBehalfOf: null },
    ...{ prevHash: testHash('before'), hash: testHash('this') },
  },
});
const decode = (type: string, schemaVersion: number, data: JsonObject) =>
  decodeWith(books, stored(type, schemaVersion, data), upcasters);

describe('an event of a type that has changed', () => {
  const present = { type: 'BookPrinted', data: { title: 'Emma', pages: 1 } };

  test.each<[number, JsonObject]>([
    [1, { name: 'Emma' }],
    [2, { title: 'Emma' }],
    [3, { title: 'Emma', pages: 1 }],
  ])('stored in version %i is read in the present one, its envelope as it was written', (version, data) => {
    const { event, envelope } = decode('BookPrinted', version, data);
    expect(event).toEqual(present);
    expect(envelope.schemaVersion).toBe(version);
  });
  test('is not changed where it is stored', () => {
    const recorded = stored('BookPrinted', 1, Object.freeze({ name: 'Emma' }));
    decodeWith(books, recorded, upcasters);
    expect(recorded.data).toEqual({ name: 'Emma' });
  });
  test('is judged as it was brought to the present version', () => {
    expect(() => decode('BookPrinted', 1, { title: 'Emma' })).toThrow('data.title');
    expect(() => decode('BookPrinted', 2, { name: 'Emma' })).toThrow('data.title');
    expect(() => decode('BookPrinted', 3, { title: 'Emma' })).toThrow('data.pages');
  });
  test('of a version that is not known yet was written by a newer program', () => {
    const newer = () => decode('BookPrinted', 4, { title: 'Emma', pages: 1 });
    expect(newer).toThrow(NewerEvent);
    expect(newer).toThrow('The event BookPrinted at revision 3 of book-1 cannot be read');
    expect(newer).toThrow(
      'It has schema version 4; this release knows 3. A newer release of this program wrote it. Update this process.',
    );
  });
});

test('a type that never changed has version 1', () => {
  expect(decode('BookSold', 1, { price: 5 }).event).toEqual({ type: 'BookSold', data: { price: 5 } });
  expect(() => decode('BookSold', 2, { price: 5 })).toThrow('knows 1');
});

test('new events are written in the present version of their type', () => {
  expect(['BookPrinted', 'BookSold', 'constructor'].map((type) => versionOf(type, upcasters))).toEqual([3, 1, 1]);
});

test('a type keeps the version that consumers know it by while it only gains fields', () => {
  expect([versionOf('LicenseRevoked', ours), publishedVersionOf('LicenseRevoked', 2, ours)]).toEqual([2, 1]);
  expect(publishedVersionOf('LicenseRevoked', 1, ours)).toBe(1);
  expect([1, 2, 3].map((version) => publishedVersionOf('BookPrinted', version, upcasters))).toEqual([1, 2, 3]);
});
