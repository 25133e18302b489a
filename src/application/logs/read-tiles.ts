import type { Pool, PoolClient } from 'pg';
import { reject } from '../../domain/decider.ts';
import { readLeaves } from '../../projections/issuer-logs/log-leaves.ts';
import { InvalidProof, mustBe } from '../../proof/invalid.ts';
import { leafBytes } from '../../proof/leaf.ts';
import { isSameBytes, joinBytes } from '../../proof/text/bytes.ts';
import { readBoundTile } from '../../proof/tree/bound-tiles.ts';
import { formatBundle } from '../../proof/tree/entry-bundles.ts';
import { leafHash } from '../../proof/tree/merkle-hashes.ts';
import { parseBundlePath, parseTilePath, type Tile, tileAt, tileWidth } from '../../proof/tree/tile-paths.ts';
import { tilesOf } from '../../records/issuer-trees.ts';
import { nodeSha256 } from '../../signing/log-keys.ts';
import type { Refusal } from '../refusal.ts';
import { beingRebuilt, type LogRead, openCheckpoint, otherOrigin, type SignedCheckpoint } from './open-log.ts';

/** The content of a tile or a bundle. A full one never changes under its origin. */
export type TileFile = { readonly bytes: Uint8Array; readonly isFull: boolean };

/** A path below the log. `origin`: the only origin that the reader takes the file of; null: any. */
export type TileRead = { readonly path: string; readonly origin: string | null };

/**
 * Returns the hashes of the tile at a path of C2SP tlog-tiles, such as `tile/0/x001/234.p/8`. Refuses a path in another
 * form, and a tile that the served checkpoint does not cover, or that does not lead to its root.
 */
export const readTile = (pool: Pool, log: LogRead, { path, origin }: TileRead): Promise<TileFile | Refusal> =>
  openCheckpoint(pool, log, async (db, checkpoint) => {
    const tile = tileWithin(checkpoint, origin, () => parseTilePath(path));
    if ('rejected' in tile) return tile;
    return fileOf(tile, () => hashesOf(db, log, { tile, checkpoint }));
  });

/**
 * Returns the bundle of leaves at a path of C2SP tlog-tiles, such as `tile/entries/x001/234.p/8`. Refuses as `readTile`.
 */
export const readEntries = (pool: Pool, log: LogRead, { path, origin }: TileRead): Promise<TileFile | Refusal> =>
  openCheckpoint(pool, log, async (db, checkpoint) => {
    const tile = tileWithin(checkpoint, origin, () => ({ level: 0, ...parseBundlePath(path) }));
    if ('rejected' in tile) return tile;
    return fileOf(tile, async () => {
      const range = { from: tile.index * tileWidth, count: tile.width };
      const leaves = await readLeaves(db, log.organizationId, range);
      const entries = leaves.map(({ leaf }) => leafBytes(leaf));
      const hashes = await hashesOf(db, log, { tile, checkpoint });
      const ofEntries = joinBytes(...entries.map((entry) => leafHash(entry, nodeSha256)));
      mustBe(isSameBytes(ofEntries, hashes), 'The leaves are not those of the checkpoint.');
      return formatBundle(entries);
    });
  });

/** Reads the hashes of a tile. Throws InvalidProof when they do not lead to the root of the checkpoint. */
const hashesOf = (
  db: PoolClient,
  { organizationId }: LogRead,
  { tile, checkpoint: { size, root } }: { readonly tile: Tile; readonly checkpoint: SignedCheckpoint },
): Promise<Uint8Array> => readBoundTile(tile, { size, readTile: tilesOf(db, organizationId), hash: nodeSha256 }, root);

const fileOf = async ({ width }: Tile, read: () => Promise<Uint8Array>): Promise<TileFile | Refusal> => {
  try {
    return { bytes: await read(), isFull: width === tileWidth };
  } catch (error) {
    if (error instanceof InvalidProof) return beingRebuilt;
    throw error;
  }
};

/** Returns the tile that `parse` reads, when the checkpoint covers all of it. */
const tileWithin = (
  { size, origin: current }: SignedCheckpoint,
  origin: string | null,
  parse: () => Tile,
): Tile | Refusal => {
  if (origin !== null && origin !== current) return otherOrigin(current);
  try {
    const tile = parse();
    const { width } = tileAt(tile.level, tile.index, size);
    return tile.width <= width ? tile : reject('NOT_FOUND', wider(width, size));
  } catch (error) {
    if (error instanceof InvalidProof) return reject('NOT_FOUND', error.message);
    throw error;
  }
};

const wider = (width: number, size: number): string =>
  `The served checkpoint of ${size} leaves has this tile with the width ${width}. Add .p/${width} to the path.`;
