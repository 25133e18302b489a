import { type Sha256, sha256 } from '../hashing/sha256.ts';
import { mustBe } from '../invalid.ts';
import { hashBytes } from './merkle-hashes.ts';
import { type Tile, tilePath, tileWidth } from './tile-paths.ts';

/**
 * Reads the hashes of a tile, one after another. The tile may be partial; a full tile in its place must be cut to the
 * width.
 */
export type ReadTile = (tile: Tile) => Promise<Uint8Array>;

/** Reads a tile and checks its length. Throws InvalidProof for another number of bytes. */
export const readWholeTile = async (readTile: ReadTile, tile: Tile): Promise<Uint8Array> => {
  const hashes = await readTile(tile);
  const expected = tile.width * hashBytes;
  mustBe(hashes.length === expected, `${tilePath(tile)} has ${hashes.length} bytes, and it must have ${expected}.`);
  return hashes;
};

/**
 * Returns the hash of the complete subtree over `count` consecutive hashes of a tile. `count` is a power of 2. `hash`
 * may be a faster SHA-256.
 */
export const subtreeHash = (hashes: Uint8Array, first: number, count: number, hash: Sha256 = sha256): Uint8Array => {
  let row = hashes.slice(first * hashBytes, (first + count) * hashBytes);
  const node = new Uint8Array(1 + 2 * hashBytes);
  node[0] = 1;
  for (let width = count; width > 1; width /= 2) {
    const above = new Uint8Array((width / 2) * hashBytes);
    for (let at = 0; at < width / 2; at++) {
      node.set(row.subarray(2 * at * hashBytes, 2 * (at + 1) * hashBytes), 1);
      above.set(hash(node), at * hashBytes);
    }
    row = above;
  }
  return row;
};

/** Returns the hash of a full tile, which is a hash of the tile above. `hash` may be a faster SHA-256. */
export const fullTileHash = (hashes: Uint8Array, hash: Sha256 = sha256): Uint8Array =>
  subtreeHash(hashes, 0, tileWidth, hash);
