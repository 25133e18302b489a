import { type Sha256, sha256 } from '../hashing/sha256.ts';
import { mustBe } from '../invalid.ts';
import { isCount } from '../text/decimal.ts';
import { emptyRoot, hashBytes, nodeHash } from './merkle-hashes.ts';
import { fullTileHash, type ReadTile, readWholeTile, subtreeHash } from './tile-hashes.ts';
import { partialTiles, type Tile, tileWidth } from './tile-paths.ts';

/** A tile and its hashes, one after another. */
export type TileWithHashes = { readonly tile: Tile; readonly hashes: Uint8Array };

/** A tree that grows by leaf hashes. It holds only its right edge: 8,192 bytes for each level. */
export type TileBuilder = {
  readonly size: () => number;
  /** Appends the hash of the next leaf. Calls `onFullTile` for each tile that it fills, the lowest level first. */
  readonly append: (leafHash: Uint8Array) => void;
  readonly root: () => Uint8Array;
  /** Returns copies of the tiles at the right edge that are not full, the lowest level first. */
  readonly partials: () => readonly TileWithHashes[];
};

/** What a builder needs: where full tiles go, and a SHA-256, which may be faster than our own. */
export type BuilderNeeds = { readonly onFullTile: (full: TileWithHashes) => void; readonly hash?: Sha256 };

/** Returns the builder of an empty tree. */
export const newTileBuilder = (needs: BuilderNeeds): TileBuilder => builderOf([], 0, needs);

/**
 * Returns the builder of a stored tree of this size. It reads only partial tiles. Throws InvalidProof for a wrong
 * length.
 */
export const continueTiles = async (size: number, readTile: ReadTile, needs: BuilderNeeds): Promise<TileBuilder> => {
  mustBe(isCount(size), 'The size of a tree is a whole number below 2^53.');
  const levels: Level[] = [];
  for (let count = size; count > 0; count = Math.floor(count / tileWidth)) levels.push(emptyLevel(count));
  for (const tile of partialTiles(size)) levels[tile.level]?.hashes.set(await readWholeTile(readTile, tile));
  return builderOf(levels, size, needs);
};

/** The right edge of a level: `width` hashes of the tile with this index. */
type Level = { index: number; width: number; readonly hashes: Uint8Array };

const emptyLevel = (count: number): Level => ({
  index: Math.floor(count / tileWidth),
  width: count % tileWidth,
  hashes: new Uint8Array(tileWidth * hashBytes),
});

const builderOf = (levels: Level[], from: number, { onFullTile, hash = sha256 }: BuilderNeeds): TileBuilder => {
  let size = from;

  const push = (level: number, value: Uint8Array): void => {
    const edge = levels[level] ?? emptyLevel(0);
    levels[level] = edge;
    edge.hashes.set(value, edge.width * hashBytes);
    edge.width += 1;
    if (edge.width < tileWidth) return;
    onFullTile({ tile: { level, index: edge.index, width: tileWidth }, hashes: edge.hashes.slice() });
    edge.width = 0;
    edge.index += 1;
    push(level + 1, fullTileHash(edge.hashes, hash));
  };

  return {
    size: () => size,
    append: (leafHash) => {
      mustBe(leafHash.length === hashBytes, `A leaf hash has ${hashBytes} bytes.`);
      mustBe(size < Number.MAX_SAFE_INTEGER, 'A tree has less than 2^53 leaves.');
      push(0, leafHash);
      size += 1;
    },
    root: () => rootOfEdges(levels, hash),
    partials: () =>
      partialTiles(size).map((tile) => ({
        tile,
        hashes: levels[tile.level]?.hashes.slice(0, tile.width * hashBytes) ?? new Uint8Array(),
      })),
  };
};

/** Returns the root: the complete subtrees at the right edge, from the smallest one to the left. */
const rootOfEdges = (levels: readonly Pick<Level, 'width' | 'hashes'>[], hash: Sha256): Uint8Array => {
  const subtrees = levels.flatMap(({ width, hashes }) => completeSubtrees(hashes, width, hash));
  if (subtrees.length === 0) return emptyRoot();
  return subtrees.reduce((right, left) => nodeHash(left, right, hash));
};

/** Returns the hashes of the complete subtrees of the first `width` hashes, the smallest one first. */
const completeSubtrees = (hashes: Uint8Array, width: number, hash: Sha256): readonly Uint8Array[] => {
  const subtrees: Uint8Array[] = [];
  for (let [rest, count] = [width, 1]; rest > 0; count *= 2) {
    if ((rest & count) === 0) continue;
    rest -= count;
    subtrees.push(subtreeHash(hashes, rest, count, hash));
  }
  return subtrees;
};
