import { type Sha256, sha256 } from '../hashing/sha256.ts';
import { InvalidProof, mustBe } from '../invalid.ts';
import { isSameBytes } from '../text/bytes.ts';
import { hashBytes, leafHash } from './merkle-hashes.ts';
import type { TreeHead } from './merkle-proofs.ts';
import { fullTileHash, readWholeTile } from './tile-hashes.ts';
import { tileAt, tilePath, tileWidth } from './tile-paths.ts';
import { rootFromTiles, type StoredTree } from './tile-proofs.ts';

/**
 * Checks every tile of a stored tree against its root, the right edge first and then level by level from the top. So a
 * tile is checked after the tile above. It holds two tiles at a time. Throws InvalidProof, which names the first wrong
 * tile.
 */
export const checkTiles = async (tree: StoredTree, { root }: Pick<TreeHead, 'root'>): Promise<void> => {
  const computed = await rootFromTiles(tree);
  mustBe(isSameBytes(computed, root), 'The tiles at the right edge do not lead to the root of the checkpoint.');
  let top = 0;
  while (tileWidth ** (top + 1) <= tree.size) top += 1;
  for (let level = top; level > 0; level--) await checkBelow(level, tree);
};

/** Checks each full tile below the tiles of a level. */
const checkBelow = async (level: number, tree: StoredTree): Promise<void> => {
  const count = Math.floor(tree.size / tileWidth ** level);
  for (let index = 0; index * tileWidth < count; index++) {
    const tile = tileAt(level, index, tree.size);
    const hashes = await readWholeTile(tree.readTile, tile);
    for (let at = 0; at < tile.width; at++) {
      const below = tileAt(level - 1, index * tileWidth + at, tree.size);
      const computed = fullTileHash(await readWholeTile(tree.readTile, below), tree.hash);
      const stored = hashes.subarray(at * hashBytes, (at + 1) * hashBytes);
      mustBe(
        isSameBytes(computed, stored),
        `${tilePath(below)} does not have the hash that ${tilePath(tile)} contains.`,
      );
    }
  }
};

/**
 * Checks that the entries of a bundle have the hashes of the tile of level 0. `hash` may be a faster SHA-256. Throws
 * InvalidProof, which names the first wrong one.
 */
export const checkEntries = (entries: readonly Uint8Array[], hashes: Uint8Array, hash: Sha256 = sha256): void => {
  mustBe(entries.length * hashBytes === hashes.length, 'The bundle and the tile have different numbers of entries.');
  entries.forEach((entry, at) => {
    const stored = hashes.subarray(at * hashBytes, (at + 1) * hashBytes);
    if (!isSameBytes(leafHash(entry, hash), stored))
      throw new InvalidProof(`The entry ${at} of the bundle has another hash than the tile.`);
  });
};
