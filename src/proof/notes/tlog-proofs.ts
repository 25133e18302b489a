import { mustBe } from '../invalid.ts';
import { decodeBase64, decodeHash, encodeBase64 } from '../text/base64.ts';
import { parseDecimal } from '../text/decimal.ts';
import { proofHashesMax } from '../tree/merkle-proofs.ts';
import { parseCheckpoint } from './checkpoints.ts';
import { parseNote } from './signed-notes.ts';

/**
 * A C2SP tlog-proof, which nobody has verified yet: the index of a leaf, from 0, its inclusion proof, and the
 * checkpoint as a signed note. `extra`: bytes that nothing protects.
 */
export type TlogProof = {
  readonly extra: Uint8Array | null;
  readonly index: number;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: string;
};

const firstLine = 'c2sp.org/tlog-proof@v1';

/** Returns the text of a proof, for a file `.tlog-proof`. */
export const formatTlogProof = ({ extra, index, proof, checkpoint }: TlogProof): string => {
  const extraLine = extra === null ? [] : [`extra ${encodeBase64(extra)}`];
  return `${[firstLine, ...extraLine, `index ${index}`, ...proof.map(encodeBase64)].join('\n')}\n\n${checkpoint}`;
};

/** Returns the parts of a proof in its only form. Throws InvalidProof, which names the first wrong part. */
export const parseTlogProof = (text: string): TlogProof => {
  const { head, checkpoint } = splitBeforeCheckpoint(text, 'The proof');
  const [first, ...lines] = head;
  mustBe(first === firstLine, `The proof does not start with ${firstLine}.`);
  const extraLine = lines[0]?.startsWith('extra ') === true ? lines.shift() : undefined;
  const indexLine = lines.shift() ?? '';
  mustBe(indexLine.startsWith('index '), 'The proof has no line with the index.');
  return {
    extra: extraLine === undefined ? null : decodeBase64(extraLine.slice(6), 'The extra data of the proof'),
    index: parseDecimal(indexLine.slice(6), 'The index in the proof'),
    proof: parseHashes(lines),
    checkpoint,
  };
};

/**
 * Returns the lines before the first empty line, and the checkpoint after it. Throws InvalidProof when one is missing
 * or malformed.
 */
export const splitBeforeCheckpoint = (
  text: string,
  what: string,
): { readonly head: readonly string[]; readonly checkpoint: string } => {
  const end = text.indexOf('\n\n');
  mustBe(end > 0, `${what} has no empty line before the checkpoint.`);
  const checkpoint = text.slice(end + 2);
  parseCheckpoint(parseNote(checkpoint).text);
  return { head: text.slice(0, end).split('\n'), checkpoint };
};

/** Returns the hashes of lines of base64. Throws InvalidProof for another line, and for more than 63. */
export const parseHashes = (lines: readonly string[]): readonly Uint8Array[] => {
  mustBe(lines.length <= proofHashesMax, `A proof has at most ${proofHashesMax} hashes.`);
  return lines.map((line, place) => decodeHash(line, `The hash ${place + 1} of the proof`));
};
