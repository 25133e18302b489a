import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { genesisHash, hashOf, linkToChain, verifyLink } from '../../src/eventstore/chain/chain.ts';
import type { Proposed, Recorded } from '../../src/eventstore/event-store.ts';
import { asRecorded } from '../../src/eventstore/executor/folded.ts';

const stream = 'license-lic_1';
const event = (id: string, data: Proposed['data'] = {}): Proposed => ({
  id,
  type: 'Noted',
  data,
  metadata: { by: 'me' },
});
const unknownPosition = { commit: 0n, prepare: 0n };
const stored = asRecorded(
  linkToChain([event('a', { z: 1, a: 'ä' }), event('b'), event('c')], { stream, nextRevision: 0n, hash: genesisHash }),
  stream,
  0n,
  unknownPosition,
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

test('The hash of an event covers a zero byte and the canonical JSON of all fields but the hash', () => {
  const canonical =
    `{"data":{"a":"ä","z":1},"id":"a","metadata":{"by":"me","prevHash":"${genesisHash}"},"revision":0,` +
    '"stream":"license-lic_1","type":"Noted","v":1}';
  const expected = createHash('sha256').update(Buffer.of(0)).update(canonical, 'utf8').digest('hex');
  expect(stored[0]?.metadata.hash).toBe(expected);
});

test('Events that are linked later get the same hashes as events that are linked together', () => {
  const [first] = stored;
  const rest = linkToChain([event('b'), event('c')], { stream, nextRevision: 1n, hash: first ? hashOf(first) : '' });
  expect(rest.map(hashOf)).toEqual(stored.slice(1).map(hashOf));
});

describe('The check accepts a chain', () => {
  test('that was not changed', () => {
    expect(verdicts(stored)).toEqual([null, null, null]);
  });
  test('with keys in another order', () => {
    const reordered = stored.map((recorded) => ({
      ...recorded,
      metadata: Object.fromEntries(Object.entries(recorded.metadata).toReversed()),
    }));
    expect(verdicts(reordered)).toEqual([null, null, null]);
  });
});

describe('The check refuses a chain', () => {
  test.each<[string, Partial<Recorded>]>([
    ['data', { data: { z: 1, a: 'a' } }],
    ['data to a float', { data: { z: 1.5 } }],
    ['type', { type: 'Other' }],
    ['id', { id: 'x' }],
    ['metadata', { metadata: { ...stored[0]?.metadata, by: 'you' } }],
    ['metadata by a new field', { metadata: { ...stored[0]?.metadata, extra: 1 } }],
    ['stream', { stream: 'license-lic_2' }],
    ['revision', { revision: 5n }],
  ])('at an event with a change of its %s', (_, change) => {
    expect(verdicts(altered(0, change))).toEqual(['HASH_DIFFERS', null, null]);
  });
  test('after a missing event', () => {
    expect(verdicts(stored.slice(1))).toEqual(['PREVIOUS_HASH_DIFFERS', null]);
  });
  test('after an event that was altered and got a new hash', () => {
    const forged = linkToChain([event('a', { z: 2 })], { stream, nextRevision: 0n, hash: genesisHash });
    expect(verdicts([...asRecorded(forged, stream, 0n, unknownPosition), ...stored.slice(1)])).toEqual([
      null,
      'PREVIOUS_HASH_DIFFERS',
      null,
    ]);
  });
});
