import streams from '@eventstore/db-client/generated/streams_pb.js';
import { describe, expect, test } from 'vitest';
import type { StoredEvent } from '../../../src/embedded/eventstore/events.ts';
import { parseFilter } from '../../../src/embedded/eventstore/reading/filter.ts';
import { nameRegex } from '../../../src/embedded/eventstore/regex/name-regex.ts';

const { FilterOptions } = streams.ReadReq.Options;

const byPrefixes = (prefixes: readonly string[]) =>
  parseFilter(
    new FilterOptions()
      .setStreamIdentifier(new FilterOptions.Expression().setPrefixList([...prefixes]))
      .setCheckpointintervalmultiplier(1),
  );
const numbered = (count: number) => Array.from({ length: count }, (_, n) => `order-${n}-`);
const stored: StoredEvent = {
  ...{ position: '1', stream: 'invoice-1', revision: '0', id: '00000000-0000-4000-8000-000000000000', type: 'Counted' },
  ...{ isJson: true, data: Buffer.from('{}'), metadata: new Uint8Array(), createdTicks: '0' },
};

describe('A filter by prefixes', () => {
  test('lets others have their turn after many prefixes, too', async () => {
    const { matches, rest } = await byPrefixes(numbered(1_000));
    for (let n = 0; n < 99; n += 1) expect(matches(stored)).toBe(false);
    expect(rest()).toBeUndefined();
    expect(matches({ ...stored, stream: 'order-999-1' })).toBe(true);
    expect(rest()).toBeInstanceOf(Promise);
    expect(rest()).toBeUndefined();
  });

  test('has a bounded number of prefixes and bytes', async () => {
    await expect(byPrefixes(numbered(1_001))).rejects.toThrow('more than 1000 prefixes');
    await expect(byPrefixes(['x'.repeat(65_537)])).rejects.toThrow('more than 65536 bytes');
  });
});

test('A regex refuses a name for which it would take too long', async () => {
  const [large, small] = [await nameRegex('^(?:a{990}|b)'), await nameRegex('a$')];
  expect(large.matches('a'.repeat(1_000))).toBe(true);
  expect(() => large.matches('a'.repeat(2_600))).toThrow(/name of 2600 characters.*Use prefixes, or a simpler regex/);
  expect(small.matches('a'.repeat(2_600))).toBe(true);
});
