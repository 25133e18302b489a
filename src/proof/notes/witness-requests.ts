import { mustBe } from '../invalid.ts';
import { encodeBase64 } from '../text/base64.ts';
import { parseDecimal } from '../text/decimal.ts';
import { parseCheckpoint } from './checkpoints.ts';
import { formatNote, parseNote, parseSignatures, verifyNote } from './signed-notes.ts';
import { parseHashes, splitBeforeCheckpoint } from './tlog-proofs.ts';
import type { VerifierKey } from './verifier-keys.ts';

/**
 * The body of a C2SP tlog-witness request `add-checkpoint`: the size of the previous checkpoint, the consistency proof
 * from it, and the checkpoint as a signed note. The same text is the file of a consistency proof.
 */
export type WitnessRequest = {
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: string;
};

/** Returns the body of a request. Throws InvalidProof for a request that `parseWitnessRequest` would refuse. */
export const formatWitnessRequest = ({ oldSize, proof, checkpoint }: WitnessRequest): string => {
  const text = `${[`old ${oldSize}`, ...proof.map(encodeBase64)].join('\n')}\n\n${checkpoint}`;
  parseWitnessRequest(text);
  return text;
};

/** Returns the parts of a body in its only form. Throws InvalidProof, which names the first wrong part. */
export const parseWitnessRequest = (text: string): WitnessRequest => {
  const { head, checkpoint } = splitBeforeCheckpoint(text, 'The consistency proof');
  const [oldLine = '', ...lines] = head;
  mustBe(oldLine.startsWith('old '), 'The consistency proof does not start with the old size.');
  const oldSize = parseDecimal(oldLine.slice(4), 'The old size');
  const { size } = parseCheckpoint(parseNote(checkpoint).text);
  mustBe(oldSize <= size, `The old size ${oldSize} is larger than the size of the checkpoint, ${size}.`);
  mustBe(oldSize > 0 || lines.length === 0, 'A consistency proof from the size 0 has no hash.');
  return { oldSize, proof: parseHashes(lines), checkpoint };
};

/**
 * Returns the checkpoint with the cosignatures that known witnesses answered. It leaves out those of unknown keys and
 * those that the note has already. Throws InvalidProof when the answer is malformed, a cosignature is wrong, or none is
 * of a known key.
 */
export const addCosignatures = (checkpoint: string, answer: string, witnesses: readonly VerifierKey[]): string => {
  const { text, signatures } = parseNote(checkpoint);
  const signers = verifyNote({ text, signatures: parseSignatures(answer) }, witnesses);
  const isOf = (name: string, keyId: string) => (line: { readonly name: string; readonly keyId: string }) =>
    line.name === name && line.keyId === keyId;
  const cosignatures = parseSignatures(answer).filter(
    ({ name, keyId }, place, all) =>
      signers.some(({ key }) => isOf(name, keyId)(key)) &&
      !signatures.some(isOf(name, keyId)) &&
      all.findIndex(isOf(name, keyId)) === place,
  );
  return formatNote({ text, signatures: [...signatures, ...cosignatures] });
};
