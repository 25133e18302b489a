import { mustBe } from '../invalid.ts';
import { parseVerifierKey } from './verifier-keys.ts';

/** What the old key of a log signs when another key replaces it. `vkey`: the new key. */
export type KeyRotation = { readonly origin: string; readonly vkey: string };

/**
 * Returns the text of a rotation, which the old key signs as a note. It cannot be taken for a checkpoint, which has a
 * size in its second line. Throws InvalidProof when the key is not named after the log.
 */
export const formatRotation = ({ origin, vkey }: KeyRotation): string => {
  const text = `${heading}\n${origin}\n${vkey}\n`;
  parseRotation(text);
  return text;
};

/** Returns the rotation of a text in its only form. Throws InvalidProof for another text. */
export const parseRotation = (text: string): KeyRotation => {
  const [first, origin = '', vkey = '', end, ...more] = text.split('\n');
  mustBe(first === heading && end === '' && more.length === 0, 'The note is not the rotation of a key.');
  const { name, kind } = parseVerifierKey(vkey);
  mustBe(name === origin && kind === 'LOG', `The new key is not a key of the log ${origin}.`);
  return { origin, vkey };
};

const heading = 'license-ledger log key';
