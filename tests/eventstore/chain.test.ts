import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { genesisHash, hashOf, seal, verifyLink } from '../../src/eventstore/chain/chain.ts';
import type { Proposed, Recorded } from '../../src/eventstore/event-store.ts';
import { asRecorded } from '../../src/eventstore/executor/folded.ts';

const stream = 'license-lic_1';
const event = (id: string, data: Proposed['data'] = {}): Proposed => ({
  id,
  type: 'Noted',
  data,
  metadata: { by: 'me' },
});
const nowhere = { commit: 0n, prepare: 0n };
const stored = asRecorded(
  seal([event('a', { z: 1, a: 'ä' }), event('b'), event('c')], { stream, nextRevision: 0n, hash: genesisHash }),
  stream,
  0n,
  nowhere,
);

const verdicts = (events: readonly Recorded[]) => {
  let prevHash = genesisHash;
  return events.map((recorded) => {
    const fault = verifyLink(recorded, prevHash);
    prevHash = hashOf(recorded);
    return fault;
  });
};

const altered = (index: number, change: Partial<Recorded>): Recorded[] =>
  stored.map((recorded, at) => (at === index ? { ...recorded, ...change } : recorded));

test('the hash is that of contract version 1: a zero byte, then the canonical JSON of everything but the hash', () => {
  const canonical =
    `{"data":{"a":"ä","z":1},"id":"a","metadata":{"by":"me","prevHash":"${genesisHash}"},"revision":0,` +
    '"stream":"license-lic_1","type":"Noted","v":1}';
  const expected = createHash('sha256').update(Buffer.of(0)).update(canonical, 'utf8').digest('hex');
  expect(stored[0]?.metadata.hash).toBe(expected);
});

test('a chain that continues is the chain that was made at once', () => {
  const [first] = stored;
  const rest = seal([event('b'), event('c')], { stream, nextRevision: 1n, hash: first ? hashOf(first) : '' });
  expect(rest.map(hashOf)).toEqual(stored.slice(1).map(hashOf));
});

describe('a chain is found intact', () => {
  test('as it was made', () => {
    expect(verdicts(stored)).toEqual([null, null, null]);
  });
  test('after JSON has reordered its keys', () => {
    const reordered = stored.map((recorded) => ({
      ...recorded,
      metadata: Object.fromEntries(Object.entries(recorded.metadata).toReversed()),
    }));
    expect(verdicts(reordered)).toEqual([null, null, null]);
  });
});

describe('a chain is found broken', () => {
  test.each<[string, Partial<Recorded>]>([
    ['data', { data: { z: 1, a: 'a' } }],
    ['a float', { data: { z: 1.5 } }],
    ['type', { type: 'Other' }],
    ['id', { id: 'x' }],
    ['metadata', { metadata: { ...stored[0]?.metadata, by: 'you' } }],
    ['an added field', { metadata: { ...stored[0]?.metadata, extra: 1 } }],
    ['stream', { stream: 'license-lic_2' }],
    ['revision', { revision: 5n }],
  ])('at the event whose %s was altered', (_, change) => {
    expect(verdicts(altered(0, change))).toEqual(['HASH_DIFFERS', null, null]);
  });
  test('after an event that is missing', () => {
    expect(verdicts(stored.slice(1))).toEqual(['PREVIOUS_HASH_DIFFERS', null]);
  });
  test('after an event that was altered and sealed again', () => {
    const forged = seal([event('a', { z: 2 })], { stream, nextRevision: 0n, hash: genesisHash });
    expect(verdicts([...asRecorded(forged, stream, 0n, nowhere), ...stored.slice(1)])).toEqual([
      null,
      'PREVIOUS_HASH_DIFFERS',
      null,
    ]);
  });
});
