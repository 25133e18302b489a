import { type Sha256, sha256 } from '../hashing/sha256.ts';
import { mustBe } from '../invalid.ts';
import { isCount } from '../text/decimal.ts';
import { emptyRoot, nodeHash } from './merkle-hashes.ts';
import { type ReadTile, readWholeTile, subtreeHash } from './tile-hashes.ts';
import { tileAt, tilePath, tileWidth } from './tile-paths.ts';

/** A stored tree: its size, how to read its tiles, and a SHA-256, which may be faster than our own. */
export type StoredTree = { readonly size: number; readonly readTile: ReadTile; readonly hash?: Sha256 };

/**
 * Returns the inclusion proof of the leaf with this index, from 0: the hashes from its sibling to the child of the
 * root. Reads each tile at most once. Throws InvalidProof when the tree has no such leaf or a tile has a wrong length.
 * It does not check the hashes of tiles: `verifyInclusion` of the result does.
 */
export const inclusionProof = async (index: number, tree: StoredTree): Promise<readonly Uint8Array[]> => {
  mustBe(isCount(index) && isCount(tree.size) && index < tree.size, `The tree has no leaf ${index}.`);
  return hashesOf(inclusionRanges(index, [0, tree.size]), tree);
};

/**
 * Returns the proof that the tree of `older` leaves is the beginning of this tree. Returns no hash when `older` is 0 or
 * the size of the tree. Reads each tile at most once. Throws InvalidProof as `inclusionProof`.
 */
export const consistencyProof = async (older: number, tree: StoredTree): Promise<readonly Uint8Array[]> => {
  mustBe(isCount(older) && isCount(tree.size) && older <= tree.size, `The tree has less than ${older} leaves.`);
  return hashesOf(older === 0 ? [] : consistencyRanges(older, [0, tree.size]), tree);
};

/**
 * Returns the root of a stored tree from the tiles at its right edge. Throws InvalidProof when one has a wrong length.
 */
export const rootFromTiles = async (tree: StoredTree): Promise<Uint8Array> => {
  const [root] = tree.size === 0 ? [emptyRoot()] : await hashesOf([[0, tree.size]], tree);
  return root as Uint8Array;
};

/** The leaves from the first number to before the second one. */
type Range = readonly [start: number, end: number];

const inclusionRanges = (index: number, [start, end]: Range): readonly Range[] => {
  if (end - start === 1) return [];
  const middle = start + largestPowerBelow(end - start);
  return index < middle
    ? [...inclusionRanges(index, [start, middle]), [middle, end]]
    : [...inclusionRanges(index, [middle, end]), [start, middle]];
};

/**
 * Returns the ranges of RFC 9162, section 2.1.4.1. A range that is the older tree itself needs no hash: both sides know
 * it.
 */
const consistencyRanges = (older: number, [start, end]: Range): readonly Range[] => {
  if (older === end) return start === 0 ? [] : [[start, end]];
  const middle = start + largestPowerBelow(end - start);
  return older <= middle
    ? [...consistencyRanges(older, [start, middle]), [middle, end]]
    : [...consistencyRanges(older, [middle, end]), [start, middle]];
};

const hashesOf = async (ranges: readonly Range[], tree: StoredTree): Promise<readonly Uint8Array[]> => {
  const readings = new Map<string, Promise<Uint8Array>>();
  const readTile: ReadTile = (tile) => {
    const path = tilePath(tile);
    const reading = readings.get(path) ?? readWholeTile(tree.readTile, tile);
    readings.set(path, reading);
    return reading;
  };
  return Promise.all(ranges.map((range) => rangeHash(range, { ...tree, readTile })));
};

/** Returns the hash of a range that starts at a multiple of its largest complete subtree. */
const rangeHash = async ([start, end]: Range, tree: StoredTree): Promise<Uint8Array> => {
  const power = largestPowerBelow(end - start);
  if (power * 2 === end - start || end - start === 1) return completeHash(start, end - start, tree);
  const [left, right] = await Promise.all([
    rangeHash([start, start + power], tree),
    rangeHash([start + power, end], tree),
  ]);
  return nodeHash(left, right, tree.hash);
};

const completeHash = async (start: number, leaves: number, { size, readTile, hash = sha256 }: StoredTree) => {
  let level = 0;
  while (tileWidth ** (level + 1) <= leaves) level += 1;
  const unit = tileWidth ** level;
  const first = start / unit;
  const index = Math.floor(first / tileWidth);
  const hashes = await readTile(tileAt(level, index, size));
  return subtreeHash(hashes, first - index * tileWidth, leaves / unit, hash);
};

/** Returns the largest power of 2 below a count. Returns 1 for the count 1. */
const largestPowerBelow = (count: number): number => {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
};
