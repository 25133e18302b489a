import type { PoolClient } from 'pg';
import type { JsonObject } from '../eventstore/event-store.ts';

/** The states of a pack. Only a READY one has a file, and only a FAILED one has a reason. */
export const packStates = ['QUEUED', 'RUNNING', 'READY', 'FAILED'] as const;
export type PackState = (typeof packStates)[number];

/**
 * A pack as its organization sees it. `done` and `total` count lines; both are 0 while the worker waits for a checkpoint.
 * `size`: in bytes. `sha256`: of the file, lower-case hex.
 */
export type AuditPack = {
  readonly packId: string;
  readonly state: PackState;
  readonly reason: string | null;
  readonly query: JsonObject;
  readonly licenses: number;
  readonly hasLeaves: boolean;
  readonly done: number;
  readonly total: number;
  readonly size: number | null;
  readonly sha256: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
};

/** A pack to make. `licenses`: the ids in their order. */
export type NewPack = {
  readonly issuerOrgId: string;
  readonly packId: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly query: JsonObject;
  readonly licenses: readonly string[];
  readonly hasLeaves: boolean;
  readonly now: Date;
};

/** How many packs an organization has: those to be made, and all that did not fail. `bytes`: of their files. */
export type PackCounts = { readonly open: number; readonly kept: number; readonly bytes: number };

/**
 * Counts the packs of an organization. Nobody else requests one before the end of the transaction. For asTenant of it.
 */
export const countPacks = async (db: PoolClient, issuerOrgId: string, now: Date): Promise<PackCounts> => {
  await db.query({
    name: 'audit-packs-turn',
    text: "select pg_advisory_xact_lock(hashtextextended('audit packs of ' || $1, 0))",
    values: [issuerOrgId],
  });
  const { rows } = await db.query<Readonly<Record<'open' | 'kept' | 'bytes', string>>>({
    name: 'count-audit-packs',
    text: `select count(*) filter (where state in ('QUEUED', 'RUNNING')) as open, count(*) as kept,
        coalesce(sum(byte_count), 0) as bytes from ops.audit_packs
      where issuer_org_id = $1 and state <> 'FAILED' and (expires_at is null or expires_at > $2)`,
    values: [issuerOrgId, now],
  });
  const [counts] = rows;
  return { open: Number(counts?.open), kept: Number(counts?.kept), bytes: Number(counts?.bytes) };
};

/** Queues a pack, once per id. For asTenant of the organization. */
export const queuePack = async (db: PoolClient, pack: NewPack): Promise<void> => {
  const { issuerOrgId, packId, actor, query, licenses, hasLeaves, now } = pack;
  await db.query({
    name: 'queue-audit-pack',
    text: `insert into ops.audit_packs
        (issuer_org_id, pack_id, actor_type, actor_id, query, licenses, has_leaves, state, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, 'QUEUED', $8) on conflict do nothing`,
    values: [issuerOrgId, packId, actor.type, actor.id, query, licenses, hasLeaves, now],
  });
};

/** Returns a pack that has not expired, or null. For asTenant of the organization. */
export const readPack = async (
  db: PoolClient,
  issuerOrgId: string,
  { packId, now }: { readonly packId: string; readonly now: Date },
): Promise<AuditPack | null> => {
  const { rows } = await db.query<PackRow>({
    name: 'audit-pack',
    text: `${select} where issuer_org_id = $1 and pack_id = $2 and (expires_at is null or expires_at > $3)`,
    values: [issuerOrgId, packId, now],
  });
  const [row] = rows;
  return row === undefined ? null : packIn(row);
};

/** How long the removal of a file may take, in seconds: one of 2 GB has a million rows on the disk. */
export const packRemovalSeconds = 100;

/**
 * Removes a pack that is READY or FAILED, with its file. Returns false when there is none. For asTenant of the
 * organization.
 */
export const deletePack = async (db: PoolClient, issuerOrgId: string, packId: string): Promise<boolean> => {
  await db.query(`set local statement_timeout = '${packRemovalSeconds}s'`);
  const { rowCount } = await db.query({
    name: 'delete-audit-pack',
    text: "delete from ops.audit_packs where issuer_org_id = $1 and pack_id = $2 and state in ('READY', 'FAILED')",
    values: [issuerOrgId, packId],
  });
  return rowCount === 1;
};

/** The place of a pack in the list. */
export type PackPlace = { readonly createdAt: string; readonly packId: string };

/** Returns a page of the packs that have not expired, the newest first. For asTenant of the organization. */
export const listPacks = async (
  db: PoolClient,
  issuerOrgId: string,
  { after, limit, now }: { readonly after: PackPlace | null; readonly limit: number; readonly now: Date },
): Promise<readonly AuditPack[]> => {
  const { rows } = await db.query<PackRow>({
    name: 'audit-packs',
    text: `${select} where issuer_org_id = $1 and (expires_at is null or expires_at > $2)
      and ($3::timestamptz is null or (created_at, pack_id) < ($3, $4)) order by created_at desc, pack_id desc limit $5`,
    values: [issuerOrgId, now, after?.createdAt ?? null, after?.packId ?? null, limit],
  });
  return rows.map(packIn);
};

/**
 * Returns the part of a file that begins at a place, or null when there is none. It sees only parts of packs that are
 * READY. For asTenant of the organization.
 */
export const readPackPart = async (
  db: PoolClient,
  issuerOrgId: string,
  { packId, at }: { readonly packId: string; readonly at: number },
): Promise<Uint8Array | null> => {
  const { rows } = await db.query<{ bytes: Buffer }>({
    name: 'audit-pack-part',
    text: 'select bytes from ops.audit_pack_parts where issuer_org_id = $1 and pack_id = $2 and at = $3',
    values: [issuerOrgId, packId, at],
  });
  return rows[0]?.bytes ?? null;
};

const select = `select pack_id, state, reason, query, cardinality(licenses) as licenses, has_leaves, done, total,
  byte_count, sha256, created_at, expires_at from ops.audit_packs`;

type PackRow = Readonly<Record<'pack_id' | 'done' | 'total', string>> &
  Readonly<Record<'reason' | 'byte_count' | 'sha256', string | null>> & {
    readonly state: PackState;
    readonly query: JsonObject;
    readonly licenses: number;
    readonly has_leaves: boolean;
    readonly created_at: Date;
    readonly expires_at: Date | null;
  };

const packIn = (row: PackRow): AuditPack => ({
  packId: row.pack_id,
  state: row.state,
  reason: row.reason,
  query: row.query,
  licenses: row.licenses,
  hasLeaves: row.has_leaves,
  done: Number(row.done),
  total: Number(row.total),
  size: row.byte_count === null ? null : Number(row.byte_count),
  sha256: row.sha256,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});
