import { idPattern } from '../domain/ids.ts';
import { isInstant } from '../domain/time.ts';
import { canonicalJson } from '../eventstore/chain/canonical.ts';
import { mustBe } from './invalid.ts';
import { utf8 } from './text/bytes.ts';
import { isCount } from './text/decimal.ts';
import { parseObject } from './text/strict-json.ts';

/**
 * The entry of an event in its issuer’s log: which event it is, and the hash that covers its content. `hash`: 64
 * lower-case hex digits. `id`: a lower-case UUID. `recordedAt`: UTC with milliseconds. `stream`: that of a license, a
 * catalog or an organization. It has no content and no personal data.
 */
export type Leaf = {
  readonly hash: string;
  readonly id: string;
  readonly recordedAt: string;
  readonly revision: number;
  readonly stream: string;
};

/**
 * Returns the bytes of a leaf: RFC 8785 JSON with its members and `"v":1`. Throws InvalidProof for an invalid member.
 */
export const leafBytes = (leaf: Leaf): Uint8Array => {
  checkLeaf(leaf);
  const { hash, id, recordedAt, revision, stream } = leaf;
  return utf8(canonicalJson({ hash, id, recordedAt, revision, stream, v: leafVersion }));
};

/** Returns the leaf of a text in its only form. Throws InvalidProof for another text. */
export const parseLeaf = (text: string): Leaf => {
  const { hash, id, recordedAt, revision, stream, v } = parseObject(text, 'The leaf');
  mustBe(v === leafVersion, `The leaf does not have the version ${leafVersion}.`);
  const leaf = { hash: String(hash), id: String(id), recordedAt: String(recordedAt), stream: String(stream) };
  mustBe(typeof revision === 'number', 'The revision of the leaf is not a number.');
  const canonical = leafBytes({ ...leaf, revision });
  mustBe(
    new TextDecoder().decode(canonical) === text,
    'The leaf is not in its only form, RFC 8785 JSON of its six members.',
  );
  return { ...leaf, revision };
};

const leafVersion = 1;

const checkLeaf = ({ hash, id, recordedAt, revision, stream }: Leaf): void => {
  mustBe(/^[0-9a-f]{64}$/.test(hash), 'The hash of the leaf is not 64 lower-case hex digits.');
  mustBe(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(id), 'The id of the leaf is not a lower-case UUID.');
  mustBe(isInstant(recordedAt), 'The time of the leaf is not an instant in UTC with milliseconds.');
  mustBe(isCount(revision), 'The revision of the leaf is not a whole number from 0.');
  mustBe(streamPattern.test(stream), 'The stream of the leaf is not that of a license, catalog or organization.');
};

// Reports repeat the name of the stream, so a free text could add sentences to them.
const idAtEnd = (prefix: 'lic' | 'org'): string => idPattern(prefix).source.slice(1);
const streamPattern = new RegExp(`^(?:license-${idAtEnd('lic')}|(?:catalog|organization)-${idAtEnd('org')})`);
