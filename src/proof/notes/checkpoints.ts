import { mustBe } from '../invalid.ts';
import { decodeHash, encodeBase64 } from '../text/base64.ts';
import { parseDecimal } from '../text/decimal.ts';
import type { TreeHead } from '../tree/merkle-proofs.ts';
import { checkName } from './key-names.ts';
import { parseNote, type Signer, signaturesAndKeys, verifyNote } from './signed-notes.ts';
import type { VerifierKey } from './verifier-keys.ts';

/** What a log signs: its name, the number of its leaves, and the root of their tree. */
export type Checkpoint = TreeHead & { readonly origin: string };

/** Returns the text of a checkpoint, which a note signs. Throws InvalidProof for an invalid origin. */
export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string => {
  const text = `${origin}\n${size}\n${encodeBase64(root)}\n`;
  parseCheckpoint(text);
  return text;
};

/**
 * Returns the checkpoint of a text of exactly three lines. Throws InvalidProof for another text. Lines of extensions
 * are refused, because nobody could audit them.
 */
export const parseCheckpoint = (text: string): Checkpoint => {
  const [origin = '', size = '', root = '', end, ...extensions] = text.split('\n');
  mustBe(end === '' && extensions.length === 0, 'A checkpoint has three lines: origin, size and root.');
  checkName(origin, 'The origin of a checkpoint');
  return {
    origin,
    size: parseDecimal(size, 'The size in the checkpoint'),
    root: decodeHash(root, 'The root in the checkpoint'),
  };
};

/**
 * Returns the checkpoint of a signed note and the known keys that signed it: of its log, and of witnesses. It leaves
 * out keys of other logs. Throws InvalidProof when the note is malformed or a signature of a known key is wrong. Also
 * throws it when no known key of a log signed that has the origin as its name.
 */
export const openCheckpoint = (
  note: string,
  keys: readonly VerifierKey[],
): Checkpoint & { readonly signers: readonly Signer[] } => {
  const parsed = parseNote(note);
  const checkpoint = parseCheckpoint(parsed.text);
  const signers = verifyNote(parsed, keys).filter(
    ({ key: { kind, name } }) => kind === 'WITNESS' || name === checkpoint.origin,
  );
  const isSigned = signers.some(({ key: { kind } }) => kind === 'LOG');
  mustBe(
    isSigned,
    `No known key of the log ${checkpoint.origin} signed the checkpoint. ${signaturesAndKeys(parsed.signatures, keys)}`,
  );
  return { ...checkpoint, signers };
};
