import type { ClientBase, Pool } from 'pg';
import type { ReadTile } from '../proof/tree/tile-hashes.ts';
import type { Tile } from '../proof/tree/tile-paths.ts';

/** A signed checkpoint as stored. `revision`: of its event in `checkpoint-…`. `note`: without cosignatures. */
export type StoredCheckpoint = {
  readonly revision: bigint;
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
  readonly signedAt: Date;
  /** Lines of witnesses, each with its line break. */
  readonly cosignatures: readonly string[];
};

/** A public key of a log. `since`: when the log began to use it. */
export type LogKey = { readonly origin: string; readonly vkey: string; readonly since: Date };

/**
 * Returns how to read the tiles of an issuer. A tile that is wider by now is cut to the width; a missing one is empty, so
 * `readWholeTile` refuses it. Tiles that are asked for together, as for a proof, are read by one statement. As ledger_api
 * of this issuer, or ledger_worker.
 */
export const tilesOf = (db: Pool | ClientBase, issuerOrgId: string): ReadTile => {
  let together: { readonly tiles: Tile[]; readonly reading: Promise<readonly Uint8Array[]> } | null = null;
  const begin = () => {
    const tiles: Tile[] = [];
    const reading = Promise.resolve().then(() => {
      together = null;
      return readTiles(db, issuerOrgId, tiles);
    });
    return { tiles, reading };
  };
  return async (tile) => {
    together ??= begin();
    const { tiles, reading } = together;
    const at = tiles.push(tile) - 1;
    return (await reading)[at] ?? new Uint8Array();
  };
};

const readTiles = async (
  db: Pool | ClientBase,
  issuerOrgId: string,
  tiles: readonly Tile[],
): Promise<readonly Uint8Array[]> => {
  const { rows } = await db.query<[number, Buffer]>({
    name: 'log-tiles',
    text: `select place, substring(hashes from 1 for width * 32)
      from unnest($2::smallint[], $3::bigint[], $4::integer[]) with ordinality as t (level, tile_index, width, place)
        join ops.log_tiles using (level, tile_index)
      where issuer_org_id = $1`,
    values: [
      issuerOrgId,
      tiles.map(({ level }) => level),
      tiles.map(({ index }) => index),
      tiles.map(({ width }) => width),
    ],
    rowMode: 'array',
  });
  const hashes = new Map(rows.map(([place, bytes]) => [Number(place), new Uint8Array(bytes)]));
  return tiles.map((_, at) => hashes.get(at + 1) ?? new Uint8Array());
};

/** Returns how many leaves the tiles of an issuer have: 0 without a tree. As `tilesOf`. */
export const readTreeSize = async (db: Pool | ClientBase, issuerOrgId: string): Promise<number> => {
  const { rows } = await db.query<{ size: string }>('select size from ops.log_trees where issuer_org_id = $1', [
    issuerOrgId,
  ]);
  return Number(rows[0]?.size ?? 0);
};

/** Returns the newest checkpoint of an issuer, or null before the first one. As `tilesOf`. */
export const readLastCheckpoint = (db: Pool | ClientBase, issuerOrgId: string): Promise<StoredCheckpoint | null> =>
  readCheckpoint(db, 'where issuer_org_id = $1 order by revision desc limit 1', [issuerOrgId]);

/**
 * Returns the checkpoint that is served: the newest one under the current origin of the log. Returns null before the
 * first one. After a restart, those of the origin before it are no longer served. As `tilesOf`.
 */
export const readServedCheckpoint = (db: Pool | ClientBase, issuerOrgId: string): Promise<StoredCheckpoint | null> =>
  readCheckpoint(
    db,
    `where issuer_org_id = $1 and origin = ${currentOrigin}
        and revision > (select min(revision) from ops.log_keys where issuer_org_id = $1 and origin = ${currentOrigin})
      order by revision desc limit 1`,
    [issuerOrgId],
  );

/** Returns signed checkpoints of an issuer, of every origin, the newest first and older than `before`. As `tilesOf`. */
export const listCheckpoints = (
  db: Pool | ClientBase,
  issuerOrgId: string,
  { before, limit }: { readonly before: bigint | null; readonly limit: number },
): Promise<readonly StoredCheckpoint[]> =>
  readCheckpoints(
    db,
    'where issuer_org_id = $1 and ($2::bigint is null or revision < $2) order by revision desc limit $3',
    [issuerOrgId, before, limit],
  );

/**
 * Returns the newest checkpoint of this size under this origin, or null when none was signed. As `tilesOf`.
 */
export const readCheckpointOfSize = (
  db: Pool | ClientBase,
  issuerOrgId: string,
  { origin, size }: { readonly origin: string; readonly size: number },
): Promise<StoredCheckpoint | null> =>
  readCheckpoint(db, 'where issuer_org_id = $1 and origin = $2 and size = $3 order by revision desc limit 1', [
    issuerOrgId,
    origin,
    size,
  ]);

/** Returns the public keys of an issuer's log, the oldest one first. As `tilesOf`. */
export const readLogKeys = async (db: Pool | ClientBase, issuerOrgId: string): Promise<readonly LogKey[]> => {
  const { rows } = await db.query<LogKey>(
    'select origin, vkey, since from ops.log_keys where issuer_org_id = $1 order by revision',
    [issuerOrgId],
  );
  return rows;
};

/** Asks the notary to sign a checkpoint over all leaves soon. As ledger_api of this issuer. */
export const demandCheckpoint = async (db: Pool | ClientBase, issuerOrgId: string): Promise<void> => {
  await db.query(
    `insert into ops.log_demands (issuer_org_id, leaves)
      select $1, coalesce(max(log_index) + 1, 0) from rm.log_entries where issuer_org_id = $1 on conflict do nothing`,
    [issuerOrgId],
  );
};

const currentOrigin = '(select origin from ops.log_keys where issuer_org_id = $1 order by revision desc limit 1)';

const readCheckpoint = async (
  db: Pool | ClientBase,
  place: string,
  values: readonly unknown[],
): Promise<StoredCheckpoint | null> => (await readCheckpoints(db, place, values))[0] ?? null;

const readCheckpoints = async (
  db: Pool | ClientBase,
  place: string,
  values: readonly unknown[],
): Promise<readonly StoredCheckpoint[]> => {
  const { rows } = await db.query<Record<'revision' | 'origin' | 'size' | 'note', string> & StoredRow>(
    `select revision, origin, size, root, note, signed_at, array(select line from ops.log_cosignatures w
       where w.issuer_org_id = c.issuer_org_id and w.revision = c.revision order by key_name, key_id) as cosignatures
     from ops.log_checkpoints c ${place}`,
    [...values],
  );
  return rows.map(({ revision, origin, size, root, note, signed_at: signedAt, cosignatures }) => ({
    revision: BigInt(revision),
    origin,
    size: Number(size),
    root: new Uint8Array(root),
    note,
    signedAt,
    cosignatures,
  }));
};

type StoredRow = { readonly root: Buffer; readonly signed_at: Date; readonly cosignatures: readonly string[] };
