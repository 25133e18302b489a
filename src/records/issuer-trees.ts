import type { ClientBase, Pool } from 'pg';
import type { ReadTile } from '../proof/tree/tile-hashes.ts';

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
 * `readWholeTile` refuses it. As ledger_api of this issuer, or ledger_worker.
 */
export const tilesOf =
  (db: Pool | ClientBase, issuerOrgId: string): ReadTile =>
  async ({ level, index, width }) => {
    const { rows } = await db.query<{ hashes: Buffer }>({
      name: 'log-tile',
      text: `select substring(hashes from 1 for $4) as hashes from ops.log_tiles
        where issuer_org_id = $1 and level = $2 and tile_index = $3`,
      values: [issuerOrgId, level, index, width * 32],
    });
    return new Uint8Array(rows[0]?.hashes ?? []);
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
  await db.query('insert into ops.log_demands (issuer_org_id) values ($1) on conflict do nothing', [issuerOrgId]);
};

const readCheckpoint = async (
  db: Pool | ClientBase,
  place: string,
  values: readonly unknown[],
): Promise<StoredCheckpoint | null> => {
  const { rows } = await db.query<Record<'revision' | 'origin' | 'size' | 'note', string> & StoredRow>(
    `select revision, origin, size, root, note, signed_at, array(select line from ops.log_cosignatures w
       where w.issuer_org_id = c.issuer_org_id and w.revision = c.revision order by key_name, key_id) as cosignatures
     from ops.log_checkpoints c ${place}`,
    [...values],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const { revision, origin, size, root, note, signed_at: signedAt, cosignatures } = row;
  return {
    revision: BigInt(revision),
    origin,
    size: Number(size),
    root: new Uint8Array(root),
    note,
    signedAt,
    cosignatures,
  };
};

type StoredRow = { readonly root: Buffer; readonly signed_at: Date; readonly cosignatures: readonly string[] };
