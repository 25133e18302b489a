import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { InvalidProof } from '../proof/invalid.ts';
import { checkTiles } from '../proof/tree/check-tiles.ts';
import { readLastCheckpoint, tilesOf } from '../records/issuer-trees.ts';
import { nodeSha256 } from '../signing/log-keys.ts';
import { removeTiles } from './stored-tiles.ts';

type Needs = {
  readonly pool: Pool;
  /** Called with a sentence for each tree with wrong tiles. */
  readonly warn: (fields: object, sentence: string) => void;
  /** Called with an error, after which the check goes on with the next round. */
  readonly onError: (error: unknown) => void;
};

/**
 * Checks all tiles of all trees against their last checkpoints now and once a day, one tree after the other. A tree grows
 * only at its right edge, so the notary meets a wrong tile nowhere else. Returns what ends it.
 */
export const keepTilesRight = ({ pool, warn, onError }: Needs): (() => Promise<void>) => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async () => {
    while (!signal.aborted) {
      await mendTiles(pool, { warn, signal }).catch(onError);
      await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  };
  const running = run();
  return async () => {
    stopping.abort();
    await running;
  };
};

/** Removes the tiles of each tree that has a wrong one, so that the notary builds them again from the log. */
export const mendTiles = async (
  pool: Pool,
  { warn, signal }: Pick<Needs, 'warn'> & { readonly signal: AbortSignal },
): Promise<void> => {
  for (let after = ''; !signal.aborted; ) {
    const { rows } = await pool.query<{ issuer_org_id: string; size: string }>(
      'select issuer_org_id, size from ops.log_trees where issuer_org_id > $1 and size > 0 order by issuer_org_id limit $2',
      [after, treesAtOnce],
    );
    for (const { issuer_org_id: organizationId, size } of rows) {
      if (signal.aborted) return;
      const fault = await faultOf(pool, organizationId, Number(size));
      if (fault !== null && (await removeTiles(pool, organizationId, Number(size))))
        warn({ organizationId, fault }, 'Tiles of a log were wrong. The notary builds them again. Run ledger verify.');
    }
    if (rows.length < treesAtOnce) return;
    after = rows.at(-1)?.issuer_org_id ?? '';
  }
};

/** Returns the first wrong tile in words, or null. A tree without its last checkpoint is being built again. */
const faultOf = async (pool: Pool, organizationId: string, treeSize: number): Promise<string | null> => {
  const last = await readLastCheckpoint(pool, organizationId);
  if (last === null || last.size === 0 || last.size > treeSize) return null;
  try {
    await checkTiles({ size: last.size, readTile: tilesOf(pool, organizationId), hash: nodeSha256 }, last);
    return null;
  } catch (error) {
    if (error instanceof InvalidProof) return error.message;
    throw error;
  }
};

const everyMs = 86_400_000;
const treesAtOnce = 500;
