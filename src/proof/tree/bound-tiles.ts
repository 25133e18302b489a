import { sha256 } from '../hashing/sha256.ts';
import { mustBe } from '../invalid.ts';
import { isSameBytes } from '../text/bytes.ts';
import { hashBytes } from './merkle-hashes.ts';
import type { TreeHead } from './merkle-proofs.ts';
import { fullTileHash, readWholeTile } from './tile-hashes.ts';
import { type Tile, tileAt, tilePath, tileWidth } from './tile-paths.ts';
import { rootFromTiles, type StoredTree } from './tile-proofs.ts';

/**
 * Reads a tile of a stored tree and checks that its hashes lead to this root, by the tiles above it. Asks for all tiles
 * together. Returns the first `tile.width` hashes. Throws InvalidProof when they do not, or a tile has a wrong length.
 */
export const readBoundTile = async (tile: Tile, tree: StoredTree, root: TreeHead['root']): Promise<Uint8Array> => {
  const path = pathFrom(tile, tree.size);
  const [computed, ...tiles] = await Promise.all([
    rootFromTiles(tree),
    ...path.map((part) => readWholeTile(tree.readTile, part)),
  ]);
  // The root has all hashes of a tile that is not full, and so of the last one of the path.
  mustBe(isSameBytes(computed, root), 'The tiles do not lead to the root of the checkpoint.');
  for (const [at, { index }] of path.slice(0, -1).entries()) {
    const place = (index % tileWidth) * hashBytes;
    const inParent = tiles[at + 1]?.subarray(place, place + hashBytes) ?? new Uint8Array();
    const hash = fullTileHash(tiles[at] ?? new Uint8Array(), tree.hash ?? sha256);
    mustBe(isSameBytes(hash, inParent), `${tilePath(tile)} does not lead to the root of the checkpoint.`);
  }
  return (tiles[0] ?? new Uint8Array()).subarray(0, tile.width * hashBytes);
};

/** Returns a tile as wide as the tree has it, and the tiles above it up to the first one that is not full. */
const pathFrom = ({ level, index }: Omit<Tile, 'width'>, size: number): readonly Tile[] => {
  const tile = tileAt(level, index, size);
  const parent = { level: level + 1, index: Math.floor(index / tileWidth) };
  return tile.width < tileWidth ? [tile] : [tile, ...pathFrom(parent, size)];
};
