import { canonicalJson } from '../eventstore/chain/canonical.ts';
import { sha256 } from './hashing/sha256.ts';
import { mustBe } from './invalid.ts';
import { type Leaf, leafBytes } from './leaf.ts';
import { hexOf, joinBytes, utf8 } from './text/bytes.ts';
import { parseObject } from './text/strict-json.ts';

/**
 * Returns the leaf of an event in its stored form: JSON with `id`, `type`, `stream`, `revision`, `data` and `metadata`.
 * Throws InvalidProof when the content does not have the hash that its metadata names. Also throws it for any other
 * member, which the hash would not cover.
 */
export const leafOfStoredEvent = (text: string): Leaf => leafOfMembers(parseObject(text, 'The event'));

/**
 * Returns the leaf of an event that `parseObject` has read, alone or as part of another object. Throws InvalidProof as
 * `leafOfStoredEvent` does.
 */
export const leafOfMembers = (event: Readonly<Record<string, unknown>>): Leaf => {
  const { id, type, stream, revision, data, metadata, ...others } = event;
  const isWhole = data !== undefined && Object.keys(others).length === 0;
  mustBe(isWhole, 'The event has other members than id, type, stream, revision, data and metadata, or no data.');
  mustBe(typeof metadata === 'object' && metadata !== null, 'The event has no metadata.');
  const { hash, ...hashed }: Readonly<Record<string, unknown>> = { ...metadata };
  const { recordedAt } = hashed;
  mustBe(typeof id === 'string' && typeof type === 'string', 'The id or the type of the event is not text.');
  mustBe(typeof stream === 'string' && typeof recordedAt === 'string', 'The stream or the time is not text.');
  mustBe(typeof revision === 'number', 'The revision of the event is not a number.');
  const computed = contentHash({ v: chainVersion, stream, revision, id, type, data, metadata: hashed });
  mustBe(hash === computed, 'The content of the event does not have the hash that its metadata names.');
  const leaf = { hash: computed, id, recordedAt, revision, stream };
  leafBytes(leaf);
  return leaf;
};

const chainVersion = 1;

const contentHash = (content: unknown): string =>
  hexOf(sha256(joinBytes(Uint8Array.of(0), utf8(canonicalJson(content)))));
