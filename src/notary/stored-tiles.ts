import type { Pool } from 'pg';
import { transaction } from '../postgres/transaction.ts';
import type { TileWithHashes } from '../proof/tree/tile-builder.ts';
import type { StoredSize } from './growing-trees.ts';

/** What a page of leaves adds to a tree. */
export type Growth = {
  readonly to: number;
  /** Full tiles and the partial ones at the right edge. */
  readonly tiles: readonly TileWithHashes[];
  /** Whether the page reached the end of the log. */
  readonly isWhole: boolean;
  readonly now: Date;
  /** When the next checkpoint is due. */
  readonly dueAt: Date;
};

/**
 * Stores tiles and the size of the tree in one transaction. Returns false, and stores nothing, when another notary has
 * moved the size.
 */
export const storeTiles = (pool: Pool, { issuerOrgId, size, grown }: StoredSize, growth: Growth): Promise<boolean> =>
  transaction(pool, 'begin', async (db) => {
    const { to, tiles, isWhole, now, dueAt } = growth;
    const hasGrown = to > size;
    const { rowCount } = await db.query({
      name: 'move-tree',
      text: `update ops.log_trees set size = $3, caught_up = case when $4 then greatest(caught_up, $5) else caught_up end,
          unsigned_since = case when $6 then coalesce(unsigned_since, $7) else unsigned_since end,
          due_at = case when $6 then least(due_at, $8) else due_at end
        where issuer_org_id = $1 and size = $2`,
      values: [issuerOrgId, size, to, isWhole, grown, hasGrown, now, dueAt],
    });
    if (rowCount !== 1) return false;
    if (hasGrown)
      await db.query({
        name: 'store-tiles',
        text: `insert into ops.log_tiles (issuer_org_id, level, tile_index, hashes)
          select $1, * from unnest($2::smallint[], $3::bigint[], $4::bytea[])
          on conflict (issuer_org_id, level, tile_index) do update set hashes = excluded.hashes`,
        values: [
          issuerOrgId,
          tiles.map(({ tile }) => tile.level),
          tiles.map(({ tile }) => tile.index),
          tiles.map(({ hashes }) => Buffer.from(hashes.buffer, hashes.byteOffset, hashes.length)),
        ],
      });
    return true;
  });

/**
 * Removes all tiles of a tree, so that it grows again from its first leaf. Does nothing, and returns false, when its size
 * has moved. No statement takes long, however large the tree is, and the row of the tree is locked only at the end: the
 * projector waits for it.
 */
export const removeTiles = (pool: Pool, issuerOrgId: string, size: number): Promise<boolean> =>
  transaction(pool, 'begin; savepoint whole', async (db) => {
    for (let removed = tilesAtOnce; removed === tilesAtOnce; ) {
      const { rowCount } = await db.query(
        `delete from ops.log_tiles where issuer_org_id = $1 and (level, tile_index) in (
          select level, tile_index from ops.log_tiles where issuer_org_id = $1 order by level, tile_index limit $2)`,
        [issuerOrgId, tilesAtOnce],
      );
      removed = rowCount ?? 0;
    }
    // Who stores tiles locks the row first and then tiles, so waiting for the row here could be a deadlock.
    const { rowCount } = await db.query(
      `update ops.log_trees set size = 0, grown = greatest(grown, caught_up + 1) where issuer_org_id = (
        select issuer_org_id from ops.log_trees where issuer_org_id = $1 and size = $2 for update skip locked)`,
      [issuerOrgId, size],
    );
    if (rowCount === 1) return true;
    await db.query('rollback to savepoint whole');
    return false;
  });

const tilesAtOnce = 2_000;
