import { verifyEd25519 } from '../hashing/ed25519.ts';
import { mustBe } from '../invalid.ts';
import { decodeBase64, encodeBase64 } from '../text/base64.ts';
import { hexOf, utf8 } from '../text/bytes.ts';
import { readCosignature } from './cosignatures.ts';
import { checkName } from './key-names.ts';
import type { VerifierKey } from './verifier-keys.ts';

/** A line of a note. `keyId`: eight lower-case hex digits. `bytes`: what follows the key id, at least one byte. */
export type Signature = { readonly name: string; readonly keyId: string; readonly bytes: Uint8Array };

/** A text that ends with a line break, and its signatures, which nobody has verified yet. */
export type SignedNote = { readonly text: string; readonly signatures: readonly Signature[] };

/** A key and what it said. `time`: the seconds since 1970 that a witness has signed; null for the key of a log. */
export type Signer = { readonly key: VerifierKey; readonly time: number | null };

/** The most characters of a note, and the most signatures. */
const noteLengthMax = 1_000_000;
const signaturesMax = 100;

/** Returns the text of a note with its signatures. Throws InvalidProof for a text that `parseNote` would refuse. */
export const formatNote = ({ text, signatures }: SignedNote): string => {
  const note = `${text}\n${signatures.map(formatSignature).join('')}`;
  parseNote(note);
  return note;
};

/** Returns the line of a signature. */
export const formatSignature = ({ name, keyId, bytes }: Signature): string => {
  const id = Uint8Array.from(keyId.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
  return `— ${name} ${encodeBase64(Uint8Array.of(...id, ...bytes))}\n`;
};

/** Returns the parts of a note in its only form. Throws InvalidProof, which names the first wrong part. */
export const parseNote = (note: string): SignedNote => {
  mustBe(note.length <= noteLengthMax, `The note has more than ${noteLengthMax} characters.`);
  mustBe(!forbidden.test(note), 'The note has a control character or a lone surrogate.');
  const end = note.lastIndexOf('\n\n');
  mustBe(end > 0, 'The note has no empty line between its text and its signatures.');
  return { text: note.slice(0, end + 1), signatures: parseSignatures(note.slice(end + 2)) };
};

/** Returns the signatures of lines such as a witness answers. Throws InvalidProof for another text and for no line. */
export const parseSignatures = (lines: string): readonly Signature[] => {
  mustBe(lines.endsWith('\n'), 'The signatures do not end with a line break.');
  const signatures = lines.slice(0, -1).split('\n').map(parseSignature);
  mustBe(signatures.length <= signaturesMax, `The note has more than ${signaturesMax} signatures.`);
  return signatures;
};

/**
 * Returns the known keys that signed the note, each once. It ignores signatures of unknown keys. Throws InvalidProof
 * when a signature of a known key is wrong, or no known key signed.
 */
export const verifyNote = ({ text, signatures }: SignedNote, keys: readonly VerifierKey[]): readonly Signer[] => {
  const signers = signatures.flatMap((signature) => {
    const key = keys.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId);
    return key === undefined ? [] : [verifySignature(text, signature, key)];
  });
  mustBe(signers.length > 0, `No known key signed the note. ${signaturesAndKeys(signatures, keys)}`);
  return signers.filter(({ key }, place) => signers.findIndex((other) => other.key === key) === place);
};

/** Returns which keys signed a note and which are known, in sentences: a key that was replaced has another id. */
export const signaturesAndKeys = (signatures: readonly KeyName[], keys: readonly KeyName[]): string =>
  `It has signatures of ${namesOf(signatures)}. Known: ${keys.length === 0 ? 'no key' : namesOf(keys)}.`;

type KeyName = Pick<Signature, 'name' | 'keyId'>;

const namesOf = (keys: readonly KeyName[]): string => {
  const names = keys.slice(0, namesMax).map(({ name, keyId }) => `${keyId} of ${name}`);
  return [...names, ...(keys.length > namesMax ? [`${keys.length - namesMax} more`] : [])].join(', ');
};

const namesMax = 5;

const verifySignature = (text: string, { bytes }: Signature, key: VerifierKey): Signer => {
  const cosignature = key.kind === 'WITNESS' ? readCosignature(bytes, text) : null;
  const message = cosignature?.message ?? utf8(text);
  const isValid = verifyEd25519(key.publicKey, message, cosignature?.signature ?? bytes);
  mustBe(isValid, `The signature of ${key.name} with the key ${key.keyId} is wrong.`);
  return { key, time: cosignature?.time ?? null };
};

const parseSignature = (line: string): Signature => {
  const [, name = '', encoded = ''] = /^— (\S+) (\S+)$/.exec(line) ?? [];
  mustBe(encoded !== '', 'A line after the text of the note is not a signature.');
  checkName(name, 'The name in a signature');
  const bytes = decodeBase64(encoded, `The signature of ${name}`);
  mustBe(bytes.length > 4, `The signature of ${name} is too short.`);
  return { name, keyId: hexOf(bytes.subarray(0, 4)), bytes: bytes.slice(4) };
};

// The line break is the only control character of a note.
const forbidden = /(?!\n)\p{Control}|\p{Surrogate}/u;
