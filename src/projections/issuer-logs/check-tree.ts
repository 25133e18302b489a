import type { PoolClient } from 'pg';
import { InvalidProof } from '../../proof/invalid.ts';
import { type Leaf, leafBytes } from '../../proof/leaf.ts';
import { leafHash } from '../../proof/tree/merkle-hashes.ts';
import { newTileBuilder, type TileBuilder, type TileWithHashes } from '../../proof/tree/tile-builder.ts';
import { tilePath } from '../../proof/tree/tile-paths.ts';
import { readTreeSize } from '../../records/issuer-trees.ts';
import { nodeSha256 } from '../../signing/log-keys.ts';
import { readLeaves } from './leaves-in-order.ts';

/**
 * A tree that somebody signed: `what` names who, for the finding. `mayExceed`: it may be larger than the entries, because the
 * log has signed as much since.
 */
export type Signed = {
  readonly size: number;
  readonly root: Uint8Array;
  readonly what: string;
  readonly revision: bigint | null;
  readonly mayExceed?: boolean;
};

/** A wrong tree, checkpoint or tile. `revision`: of the checkpoint. */
export type TreeFault = { readonly revision: bigint | null; readonly what: string };

/**
 * Builds the tree of an issuer from `log_entries`, and compares it with its stored tiles and with every signed tree. The
 * signed ones come with sizes that do not fall. Returns the number of leaves and the first fault of each kind. It ends at an entry that is no leaf. Holds a
 * page of leaves and the right edge of the tree.
 */
export const checkTree = async (
  db: PoolClient,
  issuerOrgId: string,
  signed: AsyncIterator<Signed>,
): Promise<{ readonly leaves: number; readonly faults: readonly TreeFault[] }> => {
  const tiles = createTileComparison(db, issuerOrgId);
  const builder = newTileBuilder({ hash: nodeSha256, onFullTile: tiles.add });
  const heads = createHeadComparison(builder, signed);
  const stored = await readTreeSize(db, issuerOrgId);
  const atSize = async (): Promise<void> => {
    await heads.compare();
    if (builder.size() === stored) for (const tile of builder.partials()) tiles.add(tile);
  };
  await atSize();
  for await (const page of readLeaves(db, issuerOrgId)) {
    for (const leaf of page) {
      const hash = hashOf(leaf);
      if (hash === null) {
        const what = `the entry ${builder.size()} is not that of an event`;
        return { leaves: builder.size(), faults: [{ revision: null, what }] };
      }
      builder.append(hash);
      if (builder.size() === stored || heads.isNext()) await atSize();
    }
    await tiles.compare(Math.min(builder.size(), stored));
  }
  await heads.finish();
  const faults = [heads.fault(), await tiles.finish(stored, builder.size())].filter((fault) => fault !== null);
  return { leaves: builder.size(), faults };
};

/** Returns the hash of a leaf, or null for a row that is none. */
const hashOf = (leaf: Leaf): Uint8Array | null => {
  try {
    return leafHash(leafBytes(leaf), nodeSha256);
  } catch (error) {
    if (error instanceof InvalidProof) return null;
    throw error;
  }
};

type HeadComparison = {
  /** Returns whether the next signed tree has the size of the builder. */
  readonly isNext: () => boolean;
  /** Compares all signed trees of the size of the builder. */
  readonly compare: () => Promise<void>;
  /** Reports signed trees that are larger than the log. */
  readonly finish: () => Promise<void>;
  readonly fault: () => TreeFault | null;
};

const createHeadComparison = (builder: TileBuilder, signed: AsyncIterator<Signed>): HeadComparison => {
  let next: Signed | null = null;
  let isStarted = false;
  let fault: TreeFault | null = null;
  const advance = async (): Promise<void> => {
    const { value, done } = await signed.next();
    next = done === true ? null : value;
    isStarted = true;
  };
  return {
    isNext: () => next !== null && next.size <= builder.size(),
    compare: async () => {
      if (!isStarted) await advance();
      while (next !== null && next.size <= builder.size()) {
        const { size, root, what, revision }: Signed = next;
        const isRight = size === builder.size() && Buffer.compare(root, builder.root()) === 0;
        if (!isRight)
          fault ??= { revision, what: `${what} is over another tree than the first ${size} events of the log` };
        await advance();
      }
    },
    finish: async () => {
      if (!isStarted) await advance();
      while (next !== null && (next as Signed).mayExceed === true) await advance();
      if (next === null) return;
      const { size, what, revision }: Signed = next;
      fault ??= { revision, what: `${what} covers ${size} events, and the log has ${builder.size()}` };
    },
    fault: () => fault,
  };
};

type TileComparison = {
  readonly add: (tile: TileWithHashes) => void;
  /** Compares the gathered tiles that a tree of this size has. */
  readonly compare: (size: number) => Promise<void>;
  readonly finish: (stored: number, leaves: number) => Promise<TreeFault | null>;
};

const createTileComparison = (db: PoolClient, issuerOrgId: string): TileComparison => {
  let gathered: TileWithHashes[] = [];
  let right = 0;
  let fault: string | null = null;

  const compare = async (): Promise<void> => {
    const page = gathered;
    gathered = [];
    if (page.length === 0) return;
    const { rows } = await db.query<{ place: string }>({
      name: 'differing-tiles',
      text: `select n.place from unnest($2::smallint[], $3::bigint[], $4::bytea[]) with ordinality
          as n (level, tile_index, hashes, place)
        left join ops.log_tiles t on t.issuer_org_id = $1 and t.level = n.level and t.tile_index = n.tile_index
        where t.hashes is distinct from n.hashes order by n.place limit 1`,
      values: [
        issuerOrgId,
        page.map(({ tile }) => tile.level),
        page.map(({ tile }) => tile.index),
        page.map(({ hashes }) => Buffer.from(hashes)),
      ],
    });
    const differing = page[Number(rows[0]?.place ?? 0) - 1];
    if (differing !== undefined) fault ??= `${tilePath(differing.tile)} is missing or not what the log makes it`;
    right += page.length;
  };

  return {
    add: (tile) => gathered.push(tile),
    // A tile that the builder fills beyond the stored tree is not stored yet.
    compare: async (size) => {
      gathered = gathered.filter(({ tile }) => (tile.index * 256 + tile.width) * 256 ** tile.level <= size);
      await compare();
    },
    finish: async (stored, leaves) => {
      await compare();
      if (stored > leaves) fault ??= `the tiles have ${stored} leaves, and the log has ${leaves}`;
      const { rows } = await db.query<{ count: string }>(
        'select count(*) from ops.log_tiles where issuer_org_id = $1',
        [issuerOrgId],
      );
      const count = Number(rows[0]?.count ?? 0);
      if (count !== right) fault ??= `there are ${count} tiles, and the log makes ${right}`;
      return fault === null ? null : { revision: null, what: fault };
    },
  };
};
