import type { Pool } from 'pg';
import type { IssuerLog } from '../domain/issuer-log/issuer-log.ts';
import { InvalidProof } from '../proof/invalid.ts';
import { encodeBase64 } from '../proof/text/base64.ts';
import { isSameBytes } from '../proof/text/bytes.ts';
import { hashBytes } from '../proof/tree/merkle-hashes.ts';
import { continueTiles, type TileWithHashes } from '../proof/tree/tile-builder.ts';
import type { ReadTile } from '../proof/tree/tile-hashes.ts';
import { tileAt, tileWidth } from '../proof/tree/tile-paths.ts';
import { rootFromTiles } from '../proof/tree/tile-proofs.ts';
import { tilesOf } from '../records/issuer-trees.ts';
import { nodeSha256 } from '../signing/log-keys.ts';
import type { StoredSize } from './growing-trees.ts';
import { readLeafHashes } from './read-leaves.ts';
import { removeTiles, storeTiles } from './stored-tiles.ts';

/** The last checkpoint of a log, or null before the first one. */
export type LastSigned = Extract<IssuerLog, { kind: 'started' }>['last'];

/** What growing a tree needs. `rebuilt`: the trees that this process has built again, because they were wrong. */
export type GrowNeeds = { readonly pool: Pool; readonly now: () => Date; readonly rebuilt: Set<string> };

/**
 * Adds a page of leaves to a tree. Checks what it continues: the last stored leaf must be that of the log, and the tiles
 * must lead to the root of the last checkpoint. When they do not, removes the tiles once, and the next calls build them
 * from the log. Returns false when another notary was faster. Throws InvalidProof when the log itself does not lead to
 * the signed root.
 */
export const growTree = async (
  { pool, now, rebuilt }: GrowNeeds,
  tree: StoredSize,
  last: LastSigned,
): Promise<boolean> => {
  const { issuerOrgId, size } = tree;
  const readTile = tilesOf(pool, issuerOrgId);
  const from = Math.max(size - 1, 0);
  const hashes = await readLeafHashes(pool, issuerOrgId, { from, count: leavesMax + size - from });
  if (size > 0 && !(await isLastLeaf(readTile, size, hashes[0]))) {
    // The log was restored from a backup, or the tiles are damaged.
    await removeTiles(pool, issuerOrgId, size);
    return true;
  }
  if (last !== null && last.size > 0 && last.size <= size && !(await hasRoot(readTile, last))) {
    if (rebuilt.has(issuerOrgId)) throw new InvalidProof(otherRoot(issuerOrgId, last));
    rebuilt.add(issuerOrgId);
    await removeTiles(pool, issuerOrgId, size);
    return true;
  }
  const added = size === 0 ? hashes : hashes.slice(1);
  const tiles: TileWithHashes[] = [];
  const builder = await continueTiles(size, readTile, { onFullTile: (full) => tiles.push(full), hash: nodeSha256 });
  for (const hash of added) builder.append(hash);
  const isWhole = added.length < leavesMax;
  const at = now();
  return storeTiles(pool, tree, {
    to: builder.size(),
    tiles: [...tiles, ...builder.partials()],
    isWhole,
    now: at,
    dueAt: dueAt(builder.size(), last, { isWhole, now: at }),
  });
};

/** Returns whether the tiles of a tree lead to the root of a checkpoint of at most its size. */
export const hasRoot = async (readTile: ReadTile, { size, root }: { size: number; root: string }): Promise<boolean> => {
  if (size === 0) return true;
  try {
    return encodeBase64(await rootFromTiles({ size, readTile, hash: nodeSha256 })) === root;
  } catch (error) {
    // A tile is missing.
    if (error instanceof InvalidProof) return false;
    throw error;
  }
};

/** Returns the sentence for a log that does not lead to a root that it has signed. */
export const otherRoot = (issuerOrgId: string, { size, root }: { size: number; root: string }): string =>
  `The log of ${issuerOrgId} has signed ${size} events with the root ${root}, and its events lead to another root. ` +
  'Find out which events differ: ledger verify. After a lawful restore: ledger log restart.';

const isLastLeaf = async (readTile: ReadTile, size: number, hash: Uint8Array | undefined): Promise<boolean> => {
  const { index, width } = tileAt(0, Math.floor((size - 1) / tileWidth), size);
  const hashes = await readTile({ level: 0, index, width });
  return hash !== undefined && isSameBytes(hashes.subarray((width - 1) * hashBytes, width * hashBytes), hash);
};

// A log that is far behind is signed once a minute, not once for each page.
const dueAt = (size: number, last: LastSigned, { isWhole, now }: { isWhole: boolean; now: Date }): Date => {
  // Tiles that were built again up to the last checkpoint may lack its row, which the notary writes when it signs.
  if (isWhole && (last === null || size <= last.size || size - last.size >= unsignedMax)) return now;
  const sinceMs = last === null ? now.getTime() : Date.parse(last.signedAt);
  return new Date(Math.max(now.getTime(), sinceMs + everyMs));
};

/** The most leaves of a page, which takes about a tenth of a second. */
export const leavesMax = 8_192;
/** A checkpoint is due so many leaves or milliseconds after the last one. */
const unsignedMax = 1_000;
const everyMs = 60_000;
