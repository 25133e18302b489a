import { mustBe } from '../invalid.ts';
import { isSameBytes } from '../text/bytes.ts';
import { isCount } from '../text/decimal.ts';
import { emptyRoot, hashBytes, nodeHash } from './merkle-hashes.ts';

/** The size of a tree in leaves, and its root. */
export type TreeHead = { readonly size: number; readonly root: Uint8Array };

/** The most hashes of a proof that a text may have. A tree of 2^53 - 1 leaves needs 53. */
export const proofHashesMax = 63;

/**
 * Checks by RFC 9162, section 2.1.3.2, that the leaf with this hash is the one with this index, from 0, in the tree.
 * Throws InvalidProof when the proof has not exactly the hashes that index and size require, or leads to another root.
 */
export const verifyInclusion = (
  { index, hash }: { readonly index: number; readonly hash: Uint8Array },
  proof: readonly Uint8Array[],
  { size, root }: TreeHead,
): void => {
  mustBe(isCount(index) && isCount(size), 'An index and a size are whole numbers below 2^53.');
  mustBe(index < size, `The index ${index} is not in a tree of ${size} leaves.`);
  mustBeHashes([hash, root, ...proof]);
  const steps = stepsToRoot(index, size);
  mustHaveLength(proof, steps.length, 'inclusion');
  const computed = steps.reduce((node, side, step) => {
    const sibling = proof[step] as Uint8Array;
    return side === 'LEFT' ? nodeHash(sibling, node) : nodeHash(node, sibling);
  }, hash);
  mustBe(isSameBytes(computed, root), 'The inclusion proof does not lead to the root of the checkpoint.');
};

/**
 * Checks by RFC 9162, section 2.1.4.2, that the first leaves of the newer tree are those of the older one. Throws
 * InvalidProof when the proof has not exactly the hashes that the sizes require, or does not connect both roots.
 */
export const verifyConsistency = (older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): void => {
  mustBe(isCount(older.size) && isCount(newer.size), 'A size is a whole number below 2^53.');
  mustBe(older.size <= newer.size, `The newer tree has ${newer.size} leaves, fewer than the older one, ${older.size}.`);
  mustBeHashes([older.root, newer.root, ...proof]);
  if (older.size === 0) mustBe(isSameBytes(older.root, emptyRoot()), 'The root of the empty tree is wrong.');
  if (older.size === newer.size)
    mustBe(isSameBytes(older.root, newer.root), `Two trees of ${older.size} leaves have different roots.`);
  if (older.size === 0 || older.size === newer.size) mustHaveLength(proof, 0, 'consistency');
  else verifyGrowth(older, newer, proof);
};

const verifyGrowth = (older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): void => {
  const { shared, steps } = consistencySteps(older.size, newer.size);
  mustHaveLength(proof, steps.length + (shared ? 0 : 1), 'consistency');
  const [start, ...siblings] = shared ? [older.root, ...proof] : proof;
  let [ofOlder, ofNewer] = [start as Uint8Array, start as Uint8Array];
  steps.forEach((step, place) => {
    const sibling = siblings[place] as Uint8Array;
    if (step === 'BOTH') ofOlder = nodeHash(sibling, ofOlder);
    ofNewer = step === 'BOTH' ? nodeHash(sibling, ofNewer) : nodeHash(ofNewer, sibling);
  });
  mustBe(isSameBytes(ofOlder, older.root), 'The consistency proof does not lead to the root of the older checkpoint.');
  mustBe(isSameBytes(ofNewer, newer.root), 'The consistency proof does not lead to the root of the newer checkpoint.');
};

/** Returns the side of the sibling at each step from a leaf to the root. A level without a sibling has no step. */
const stepsToRoot = (index: number, size: number): readonly ('LEFT' | 'RIGHT')[] => {
  const steps: ('LEFT' | 'RIGHT')[] = [];
  for (let [node, last] = [index, size - 1]; last > 0; node = half(node), last = half(last)) {
    if (node % 2 === 1) steps.push('LEFT');
    else if (node < last) steps.push('RIGHT');
  }
  return steps;
};

/**
 * Returns the steps from the last complete subtree of the older tree to the root of the newer one. `BOTH`: the sibling
 * is on the left and in both trees. `NEWER`: it is on the right and only in the newer one. `shared`: the older tree is
 * one complete subtree, so its root is the start.
 */
const consistencySteps = (
  older: number,
  newer: number,
): { readonly shared: boolean; readonly steps: readonly ('BOTH' | 'NEWER')[] } => {
  let [node, last] = [older - 1, newer - 1];
  for (; node % 2 === 1; node = half(node), last = half(last));
  const shared = node === 0;
  const steps: ('BOTH' | 'NEWER')[] = [];
  for (; last > 0; node = half(node), last = half(last)) {
    if (node % 2 === 1) steps.push('BOTH');
    else if (node < last) steps.push('NEWER');
  }
  return { shared, steps };
};

const half = (count: number): number => Math.floor(count / 2);

const mustBeHashes = (hashes: readonly Uint8Array[]): void =>
  mustBe(
    hashes.every(({ length }) => length === hashBytes),
    `Each hash has ${hashBytes} bytes.`,
  );

const mustHaveLength = ({ length }: readonly Uint8Array[], expected: number, kind: string): void =>
  mustBe(length === expected, `The ${kind} proof has ${length} hashes, and it must have ${expected}.`);
