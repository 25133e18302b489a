import { canonicalJson, NotCanonical } from '../eventstore/chain/canonical.ts';
import { sha256 } from './hashing/sha256.ts';
import { InvalidProof, mustBe } from './invalid.ts';
import { type Leaf, leafBytes, parseObject } from './leaf.ts';
import { hexOf, joinBytes, utf8 } from './text/bytes.ts';

/**
 * Returns the leaf of an event in its stored form: JSON with `id`, `type`, `stream`, `revision`, `data` and `metadata`.
 * Throws InvalidProof when the content does not have the hash that its metadata names.
 */
export const leafOfStoredEvent = (text: string): Leaf => {
  const { id, type, stream, revision, data, metadata } = parseObject(text, 'The event');
  mustBe(typeof metadata === 'object' && metadata !== null, 'The event has no metadata.');
  const { hash, ...hashed }: Readonly<Record<string, unknown>> = { ...metadata };
  const content = { v: chainVersion, stream, revision, id, type, data, metadata: hashed };
  mustBe(hash === contentHash(content), 'The content of the event does not have the hash that its metadata names.');
  const leaf = { hash: String(hash), id: String(id), recordedAt: String(hashed.recordedAt), stream: String(stream) };
  mustBe(typeof revision === 'number', 'The revision of the event is not a number.');
  leafBytes({ ...leaf, revision });
  return { ...leaf, revision };
};

const chainVersion = 1;

const contentHash = (content: unknown): string => {
  try {
    return hexOf(sha256(joinBytes(Uint8Array.of(0), utf8(canonicalJson(content)))));
  } catch (error) {
    if (error instanceof NotCanonical) throw new InvalidProof(`The event has no hash. ${error.message}`);
    throw error;
  }
};
