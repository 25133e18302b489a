import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidProof } from '../../src/proof/invalid.ts';
import { leafHash } from '../../src/proof/tree/merkle-hashes.ts';
import { verifyConsistency, verifyInclusion } from '../../src/proof/tree/merkle-proofs.ts';
import { consistencyProof, inclusionProof, rootFromTiles } from '../../src/proof/tree/tile-proofs.ts';
import { sampled, sized } from '../support/size.ts';
import { naiveLeafHash, naivePath, naiveProof, naiveRoot } from './naive-tree.ts';
import { hex, leaves, treeOf } from './stored-tree.ts';

const all = leaves(600);
const hashes = all.map(naiveLeafHash);
const name = 'the tree of 600';
const first = (count: number) => hashes.slice(0, count);
const rootOf = (count: number) => naiveRoot(first(count), name);
const flip = (hash: Uint8Array, bit: number) =>
  hash.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

/** Sizes around the powers of 2 and the ends of tiles, and some between. */
const sizes = [
  0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 100, 127, 128, 129, 255, 256, 257, 258, 383, 384, 511, 512, 513, 599, 600,
];

describe('A tree of tiles has what RFC 9162 defines:', () => {
  test('the root of every size up to 600', async () => {
    for (const size of sampled(
      Array.from({ length: 601 }, (_, index) => index),
      7,
    )) {
      const tree = treeOf(all.slice(0, size));
      expect(hex(tree.root), `size ${size}`).toBe(hex(rootOf(size)));
      expect(hex(await rootFromTiles(tree)), `size ${size}`).toBe(hex(rootOf(size)));
    }
  });

  test('inclusion proofs, which verify', async () => {
    for (const size of sizes) {
      const tree = treeOf(all.slice(0, size));
      const indexes = Array.from({ length: size }, (_, index) => index);
      for (const index of sampled(indexes, Math.ceil(size / 12))) {
        const proof = await inclusionProof(index, tree);
        expect(proof.map(hex), `${index} of ${size}`).toEqual(naivePath(index, first(size), name).map(hex));
        const hash = leafHash(all[index] as Uint8Array);
        verifyInclusion({ index, hash }, proof, { size, root: rootOf(size) });
      }
    }
  });

  test('consistency proofs between all sizes, which verify', async () => {
    for (const size of sizes) {
      const tree = treeOf(all.slice(0, size));
      const olderSizes = Array.from({ length: size + 1 }, (_, index) => index);
      for (const older of [...sampled(olderSizes, Math.ceil(size / 12)), size]) {
        const proof = await consistencyProof(older, tree);
        expect(proof.map(hex), `${older} to ${size}`).toEqual(naiveProof(older, first(size), name).map(hex));
        verifyConsistency({ size: older, root: rootOf(older) }, { size, root: rootOf(size) }, proof);
      }
    }
  });
});

const drawn = fc.tuple(fc.integer({ min: 2, max: 600 }), fc.nat(), fc.nat(), fc.nat(255));

describe('A verifier refuses', () => {
  test('an inclusion proof with any changed bit, another index, size, leaf or number of hashes', () => {
    fc.assert(
      fc.property(drawn, ([size, chosen, place, bit]) => {
        const index = chosen % size;
        const proof = naivePath(index, first(size), name);
        const [hash, root] = [hashes[index] as Uint8Array, rootOf(size)];
        const at = place % proof.length;
        const lie = { size, root };
        const refused = (...args: Parameters<typeof verifyInclusion>) =>
          expect(() => verifyInclusion(...args)).toThrow(InvalidProof);
        verifyInclusion({ index, hash }, proof, lie);
        refused(
          { index, hash },
          proof.map((value, other) => (other === at ? flip(value, bit) : value)),
          lie,
        );
        refused({ index, hash: flip(hash, bit) }, proof, lie);
        refused({ index, hash }, proof, { size, root: flip(root, bit) });
        refused({ index: (index + 1 + (place % (size - 1))) % size, hash }, proof, lie);
        refused({ index, hash }, proof.slice(1), lie);
        refused({ index, hash }, proof.slice(0, -1), lie);
        refused({ index, hash }, [...proof, root], lie);
        refused({ index, hash }, [hash, ...proof], lie);
        refused({ index: size, hash }, proof, lie);
        refused({ index: -1, hash }, proof, lie);
        refused({ index: index + 0.5, hash }, proof, lie);
        refused({ index, hash }, proof, { size: 2 ** 53, root });
        refused({ index, hash: hash.slice(1) }, proof, lie);
      }),
      { numRuns: sized(2_000, 60) },
    );
  });

  test('a consistency proof with any changed bit, another size, root or number of hashes', () => {
    fc.assert(
      fc.property(drawn, ([size, chosen, place, bit]) => {
        const older = { size: 1 + (chosen % (size - 1)), root: rootOf(1 + (chosen % (size - 1))) };
        const newer = { size, root: rootOf(size) };
        const proof = naiveProof(older.size, first(size), name);
        const at = place % proof.length;
        const refused = (...args: Parameters<typeof verifyConsistency>) =>
          expect(() => verifyConsistency(...args)).toThrow(InvalidProof);
        verifyConsistency(older, newer, proof);
        refused(
          older,
          newer,
          proof.map((value, other) => (other === at ? flip(value, bit) : value)),
        );
        refused({ ...older, root: flip(older.root, bit) }, newer, proof);
        refused(older, { ...newer, root: flip(newer.root, bit) }, proof);
        refused(older, newer, proof.slice(1));
        refused(older, newer, proof.slice(0, -1));
        refused(older, newer, [...proof, newer.root]);
        refused({ ...older, size: size + 1 }, newer, proof);
        refused({ ...older, size }, newer, []);
        refused({ ...older, size: 0 }, newer, []);
        refused({ ...older, size: 0 }, newer, proof);
        refused({ size: 0, root: rootOf(0) }, newer, [newer.root]);
        refused(newer, older, proof);
        refused(older, { ...newer, size: 2 ** 53 }, proof);
      }),
      { numRuns: sized(2_000, 60) },
    );
  });

  test('a node that is shown as a leaf, because leaves and nodes are hashed with another first byte', () => {
    const [one, two] = [hashes[0] as Uint8Array, hashes[1] as Uint8Array];
    const asLeaf = leafHash(Uint8Array.of(...one, ...two));
    expect(asLeaf).not.toEqual(rootOf(2));
    expect(() => verifyInclusion({ index: 0, hash: asLeaf }, [], { size: 1, root: rootOf(2) })).toThrow(/root/);
  });
});

test('A proof reads each tile once, and few of them', async () => {
  const tree = treeOf(all);
  const read: string[] = [];
  const readTile: typeof tree.readTile = (tile) => {
    read.push(JSON.stringify(tile));
    return tree.readTile(tile);
  };
  await inclusionProof(300, { ...tree, readTile });
  expect(new Set(read).size).toBe(read.length);
  expect(read.length).toBeLessThanOrEqual(3);
  await expect(inclusionProof(600, tree)).rejects.toThrow(InvalidProof);
  await expect(consistencyProof(601, tree)).rejects.toThrow(InvalidProof);
});
