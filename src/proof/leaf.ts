import { isInstant } from '../domain/time.ts';
import { canonicalJson } from '../eventstore/chain/canonical.ts';
import { InvalidProof, mustBe } from './invalid.ts';
import { utf8 } from './text/bytes.ts';
import { isCount } from './text/decimal.ts';

/**
 * The entry of an event in its issuer’s log: which event it is, and the hash that covers its content. `hash`: 64
 * lower-case hex digits. `id`: a lower-case UUID. `recordedAt`: UTC with milliseconds. It has no content and no
 * personal data.
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

/** Returns the members of a JSON object. Throws InvalidProof for another text; `what` names it in the message. */
export const parseObject = (text: string, what: string): Readonly<Record<string, unknown>> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidProof(`${what} is not JSON.`);
  }
  mustBe(typeof value === 'object' && value !== null && !Array.isArray(value), `${what} is not a JSON object.`);
  return { ...value };
};

const leafVersion = 1;

const checkLeaf = ({ hash, id, recordedAt, revision, stream }: Leaf): void => {
  mustBe(/^[0-9a-f]{64}$/.test(hash), 'The hash of the leaf is not 64 lower-case hex digits.');
  mustBe(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(id), 'The id of the leaf is not a lower-case UUID.');
  mustBe(isInstant(recordedAt), 'The time of the leaf is not an instant in UTC with milliseconds.');
  mustBe(isCount(revision), 'The revision of the leaf is not a whole number from 0.');
  const isName = stream.length > 0 && stream.length <= 500 && !/[\p{Control}\p{Surrogate}]/u.test(stream);
  mustBe(isName, 'The stream of the leaf is not a name.');
};
