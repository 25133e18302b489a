import { utf8 } from '../../src/proof/text/bytes.ts';
import { hashBytes, leafHash } from '../../src/proof/tree/merkle-hashes.ts';
import { newTileBuilder } from '../../src/proof/tree/tile-builder.ts';
import { tileAt, tilePath } from '../../src/proof/tree/tile-paths.ts';
import type { StoredTree } from '../../src/proof/tree/tile-proofs.ts';
import { nodeSha256 } from '../../src/signing/log-keys.ts';

/** Returns bytes as text, which the tests compare much faster than bytes. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Returns leaves that differ: the texts `leaf 0`, `leaf 1` and so on. */
export const leaves = (count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, index) => utf8(`leaf ${index}`));

/** A tree of tiles in memory. `tiles`: the hashes of each tile of this size by its path. */
export type TreeInMemory = StoredTree & { readonly root: Uint8Array; readonly tiles: Map<string, Uint8Array> };

/** Returns the tree of leaves, built by the builder of the product. */
export const treeOf = (entries: readonly Uint8Array[]): TreeInMemory => {
  const tiles = new Map<string, Uint8Array>();
  const builder = newTileBuilder({
    hash: nodeSha256,
    onFullTile: ({ tile, hashes }) => tiles.set(tilePath(tile), hashes),
  });
  for (const entry of entries) builder.append(leafHash(entry, nodeSha256));
  for (const { tile, hashes } of builder.partials()) tiles.set(tilePath(tile), hashes);
  return { size: builder.size(), root: builder.root(), tiles, readTile: reading(tiles), hash: nodeSha256 };
};

/** Returns a reader of tiles in memory. It rejects for a missing tile. */
export const reading =
  (tiles: ReadonlyMap<string, Uint8Array>): StoredTree['readTile'] =>
  (tile) => {
    const hashes = tiles.get(tilePath(tile));
    return hashes === undefined ? Promise.reject(new Error(`There is no ${tilePath(tile)}.`)) : Promise.resolve(hashes);
  };

/** Returns the tree of the first leaves of a tree: its partial tiles are the beginnings of tiles of the larger one. */
export const beginningOf = ({ size: whole, readTile }: StoredTree, size: number): StoredTree => ({
  size,
  hash: nodeSha256,
  readTile: async ({ level, index, width }) => {
    const hashes = await readTile(tileAt(level, index, whole));
    return hashes.slice(0, width * hashBytes);
  },
});
