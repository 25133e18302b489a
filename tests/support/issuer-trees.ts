import { randomUUID } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import { encodeId } from '../../src/domain/ids.ts';
import { transaction } from '../../src/postgres/transaction.ts';
import { type Leaf, leafBytes } from '../../src/proof/leaf.ts';
import { formatOrigin } from '../../src/proof/notes/log-origins.ts';
import { formatVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { utf8 } from '../../src/proof/text/bytes.ts';
import { formatBundle } from '../../src/proof/tree/entry-bundles.ts';
import { leafHash } from '../../src/proof/tree/merkle-hashes.ts';
import { newTileBuilder, type TileWithHashes } from '../../src/proof/tree/tile-builder.ts';
import { bundlePath, tilePath, tileWidth } from '../../src/proof/tree/tile-paths.ts';
import { nodeSha256, type SigningKey } from '../../src/signing/log-keys.ts';
import { type Cosigner, signedCheckpoint, testKey } from '../proof/keys.ts';

/** A signed checkpoint of an issuer’s log. `note`: without cosignatures. `vkey`: the line of the public key. */
export type SignedTree = {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
  readonly vkey: string;
  readonly leaves: readonly Leaf[];
};

/** What a test may choose. `size`: the first so many leaves; default: all. `generation`: from 1. */
type Choice = {
  readonly size?: number;
  readonly generation?: number;
  readonly key?: SigningKey;
  readonly witnesses?: readonly Cosigner[];
};

/** Returns the origin of the log of an issuer in tests. */
export const testOrigin = (organizationId: string, generation = 1): string =>
  formatOrigin({ installation: 'ledger.example', organizationId, generation });

/** Returns the leaves of an issuer’s log, which `rm.log_entries` has. */
export const leavesOf = async (db: Pool | ClientBase, issuerOrgId: string): Promise<readonly Leaf[]> => {
  const { rows } = await db.query<Leaf & { revision: string }>(
    `select encode(hash, 'hex') as hash, event_id::text as id, revision, stream,
        to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "recordedAt"
      from rm.log_entries where issuer_org_id = $1 order by log_index`,
    [issuerOrgId],
  );
  return rows.map((row) => ({ ...row, revision: Number(row.revision) }));
};

/**
 * Builds the tree over the first leaves of an issuer and signs it with a test key. Writes the rows that the notary
 * writes, and removes its demand. The tiles that are stored are replaced. One caller at a time does it for an issuer.
 */
export const signTree = (superuser: Pool, issuerOrgId: string, choice: Choice = {}): Promise<SignedTree> =>
  transaction(superuser, 'begin', async (db) => {
    await db.query('select pg_advisory_xact_lock(hashtext($1))', [issuerOrgId]);
    const all = await leavesOf(db, issuerOrgId);
    const leaves = all.slice(0, choice.size ?? all.length);
    const { origin, size, root, tiles } = treeOf(leaves, testOrigin(issuerOrgId, choice.generation));
    const key = choice.key ?? testKey(origin);
    const note = signedCheckpoint({ origin, size, root }, key);
    const vkey = formatVerifierKey(key.verifier);
    await writeTiles(db, issuerOrgId, size, tiles);
    await writeKey(db, issuerOrgId, { origin, vkey });
    await db.query(
      `insert into ops.log_checkpoints (issuer_org_id, revision, origin, size, root, note, signed_at)
        values ($1, ${nextRevision}, $2, $3, $4, $5, now())`,
      [issuerOrgId, origin, size, Buffer.from(root), note],
    );
    await writeCosignatures(db, issuerOrgId, signedCheckpoint({ origin, size, root }, key, choice.witnesses));
    await db.query('delete from ops.log_demands where issuer_org_id = $1', [issuerOrgId]);
    return { origin, size, root, note, vkey, leaves };
  });

const treeOf = (leaves: readonly Leaf[], origin: string) => {
  const tiles: TileWithHashes[] = [];
  const builder = newTileBuilder({ hash: nodeSha256, onFullTile: (full) => tiles.push(full) });
  for (const leaf of leaves) builder.append(leafHash(leafBytes(leaf), nodeSha256));
  return { origin, size: builder.size(), root: builder.root(), tiles: [...tiles, ...builder.partials()] };
};

const writeTiles = async (db: ClientBase, issuerOrgId: string, size: number, tiles: readonly TileWithHashes[]) => {
  await db.query('delete from ops.log_tiles where issuer_org_id = $1', [issuerOrgId]);
  await db.query(
    `insert into ops.log_tiles (issuer_org_id, level, tile_index, hashes)
      select $1, * from unnest($2::smallint[], $3::bigint[], $4::bytea[])`,
    [
      issuerOrgId,
      tiles.map(({ tile }) => tile.level),
      tiles.map(({ tile }) => tile.index),
      tiles.map(({ hashes }) => Buffer.from(hashes)),
    ],
  );
  await db.query(
    `insert into ops.log_trees (issuer_org_id, size) values ($1, $2)
      on conflict (issuer_org_id) do update set size = excluded.size`,
    [issuerOrgId, size],
  );
};

// The stream has one revision for each row of either table.
const nextRevision = `(select 1 + greatest(
  coalesce((select max(revision) from ops.log_checkpoints where issuer_org_id = $1), -1),
  coalesce((select max(revision) from ops.log_keys where issuer_org_id = $1), -1)))`;

const writeKey = (
  db: ClientBase,
  issuerOrgId: string,
  { origin, vkey }: { readonly origin: string; readonly vkey: string },
) =>
  db.query(
    `insert into ops.log_keys (issuer_org_id, revision, origin, vkey, since)
      select $1, ${nextRevision}, $2, $3, now()
      where not exists (select from ops.log_keys where issuer_org_id = $1 and vkey = $3)`,
    [issuerOrgId, origin, vkey],
  );

const writeCosignatures = async (db: ClientBase, issuerOrgId: string, note: string) => {
  const [, ...cosignatures] = note.split('\n\n')[1]?.match(/.*\n/g) ?? [];
  for (const line of cosignatures) {
    const [, name = '', signature = ''] = line.trimEnd().split(' ');
    await db.query(
      `insert into ops.log_cosignatures (issuer_org_id, revision, key_name, key_id, line, cosigned_at)
        select $1, max(revision), $2, $3, $4, now() from ops.log_checkpoints where issuer_org_id = $1`,
      [issuerOrgId, name, Buffer.from(signature, 'base64').subarray(0, 4).toString('hex'), line],
    );
  }
};

/**
 * Adds leaves to the log of an issuer that has no further events in this test. Each is the first event of a license that
 * does not exist.
 */
export const addLeaves = async (superuser: Pool, issuerOrgId: string, count: number): Promise<void> => {
  const ids = Array.from({ length: count }, () => randomUUID());
  await superuser.query(
    `insert into rm.log_entries (issuer_org_id, log_index, event_id, stream, revision, hash, recorded_at)
      select $1, (select coalesce(max(log_index), -1) from rm.log_entries where issuer_org_id = $1) + place,
        event_id, stream, 0, sha256(convert_to(stream, 'UTF8')), date_trunc('milliseconds', now())
      from unnest($2::uuid[], $3::text[]) with ordinality as t (event_id, stream, place)`,
    [issuerOrgId, ids, ids.map((id) => `license-${encodeId('lic', id)}`)],
  );
};

/** Returns the files of the log of these leaves by their paths in C2SP tlog-tiles, signed by this key. */
export const filesOfLog = (leaves: readonly Leaf[], key: SigningKey): ReadonlyMap<string, Uint8Array> => {
  const { origin, size, root, tiles } = treeOf(leaves, key.verifier.name);
  const files = new Map([['checkpoint', utf8(signedCheckpoint({ origin, size, root }, key))]]);
  for (const { tile, hashes } of tiles) files.set(tilePath(tile), hashes);
  for (let index = 0; index * tileWidth < size; index++) {
    const part = leaves.slice(index * tileWidth, (index + 1) * tileWidth);
    files.set(bundlePath({ index, width: part.length }), formatBundle(part.map(leafBytes)));
  }
  return files;
};

/** Signs what is demanded from now on, as the notary does, until it is stopped. */
export const startStandInNotary = async (superuser: Pool): Promise<{ readonly stop: () => Promise<void> }> => {
  await superuser.query(noticesOfDemands);
  const listener = await superuser.connect();
  const signing = new Set<Promise<unknown>>();
  listener.on('notification', ({ payload = '' }) => {
    const signed = signTree(superuser, payload).finally(() => signing.delete(signed));
    signing.add(signed);
  });
  await listener.query('listen demanded_checkpoints');
  return {
    stop: async () => {
      await listener.query('unlisten demanded_checkpoints');
      await Promise.all(signing);
      listener.release(true);
    },
  };
};

const noticesOfDemands = `
  create or replace function ops.notice_demand() returns trigger language plpgsql as $$
    begin
      perform pg_notify('demanded_checkpoints', new.issuer_org_id);
      return null;
    end $$;
  create or replace trigger notice_demand after insert on ops.log_demands
    for each row execute function ops.notice_demand()`;
