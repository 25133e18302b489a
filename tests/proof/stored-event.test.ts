import { describe, expect, test } from 'vitest';
import { encodeId, idPrefixes } from '../../src/domain/ids.ts';
import { logEntryOf } from '../../src/projections/issuer-logs/log-entry.ts';
import { InvalidProof } from '../../src/proof/invalid.ts';
import { leafBytes } from '../../src/proof/leaf.ts';
import { leafOfStoredEvent } from '../../src/proof/stored-event.ts';
import { parseObject } from '../../src/proof/text/strict-json.ts';
import { exampleEvent, exampleLeaf } from './example-log.ts';

const event = exampleEvent(4, { data: { number: 4, text: 'a "quoted" {[:1.5,' } });
const text = JSON.stringify(event, null, 2);

describe('A stored event is read in one way only, so it is refused with', () => {
  test.each([
    ['a second member of the same name', text.replace('"id"', '"id": "another", "id"'), 'line 2'],
    ['the same name in another spelling', text.replace('"id"', '"\\u0069d": "another", "id"'), 'line 2'],
    ['a second member of the same name below', text.replace('"number": 4', '"number": 5, "number": 4'), 'line 7'],
    ['a seventh member', text.replace('"id"', '"proved": true, "id"'), 'other members'],
    ['a member that is a prototype', text.replace('"id"', '"__proto__": {}, "id"'), 'other members'],
    ['no data', JSON.stringify({ ...event, data: undefined }), 'other members'],
    ['a number that is rounded', text.replace('"number": 4', '"number": 4.0000000000000001'), 'safe integer'],
    ['a number that is rounded up', text.replace('"number": 4', '"number": 9007199254740991.4'), 'safe integer'],
    ['a number with an exponent', text.replace('"number": 4', '"number": 4e0'), 'safe integer'],
    ['a negative zero', text.replace('"number": 4', '"number": -0'), 'safe integer'],
    ['a number of 2^53', text.replace('"number": 4', '"number": 9007199254740992'), 'safe integer'],
    ['half a character', text.replace('"number": 4', '"number": "\\ud800"'), 'lone surrogate'],
    ['65 levels', text.replace('"number": 4', `"number": ${'['.repeat(63)}${']'.repeat(63)}`), '64 nested levels'],
    ['an id in a list', JSON.stringify({ ...event, id: [event.id] }), 'not text'],
    ['a revision as text', JSON.stringify({ ...event, revision: '1' }), 'not a number'],
    ['metadata of another kind', JSON.stringify({ ...event, metadata: null }), 'no metadata'],
  ])('%s', (_, changed, named) => {
    expect(leafOfStoredEvent(text)).toEqual(exampleLeaf(event));
    expect(() => leafOfStoredEvent(changed)).toThrow(InvalidProof);
    expect(() => leafOfStoredEvent(changed)).toThrow(named);
  });

  test('no limit below that of a file: one long text, and many members', () => {
    const long = { long: '"\\'.repeat(400_000) };
    expect(parseObject(JSON.stringify(long), 'It')).toEqual(long);
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, number) => [`m${number}`, number]));
    expect(parseObject(JSON.stringify(many), 'It')).toEqual(many);
  });
});

test('A leaf has the streams that the log of an issuer has, and no other text', () => {
  const ids = idPrefixes.map((prefix) => encodeId(prefix, event.id));
  const streams = ['license', 'catalog', 'organization', 'user'].flatMap((kind) => ids.map((id) => `${kind}-${id}`));
  const [first = ''] = streams;
  const sentence = `${first}. All events of the log are proved`;
  const lines = ['\u2028', '\u202e', '\u00a0', '\n'].map((character) => `${first}${character}Proved`);
  const isLeaf = (stream: string): boolean => {
    try {
      return leafBytes({ ...exampleLeaf(event), stream }).length > 0;
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidProof);
      return false;
    }
  };
  const metadata = { ...event.metadata, issuerOrgId: encodeId('org', event.id) };
  const recorded = { ...event, revision: 1n, position: { commit: 1n, prepare: 1n }, metadata };
  for (const stream of [...streams, sentence, ...lines, '', 'license-lic_example4'])
    expect(isLeaf(stream), stream).toBe(logEntryOf({ ...recorded, stream }) !== null);
  expect(streams.filter(isLeaf)).toHaveLength(3);
});
