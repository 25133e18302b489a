import type { Pool, PoolClient } from 'pg';
import { transaction } from '../postgres/transaction.ts';
import { type NewPack, packRemovalSeconds } from './audit-packs.ts';

/**
 * A pack that this worker makes. `tries` counts this try, from 1. `waitedMs`: for how long it has waited for a checkpoint.
 * `otherBytes`: of the files of the other packs of the organization. No other worker takes the pack, or another one of the
 * organization, before the claim ends.
 */
export type ClaimedPack = NewPack & {
  readonly tries: number;
  readonly waitedMs: number;
  readonly otherBytes: number;
};

/** For how long a worker has a pack for itself, in seconds. `extendClaim` begins the time again. */
export const packClaimSeconds = 60;

/** For how many days the file and the row of a pack stay. */
export const packKeptDays = 7;

/** For how many days the row of a pack stays that failed. */
export const failedPackKeptDays = 1;

/** Another worker has taken the pack, or it is gone. This worker must stop writing. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost';
}

/**
 * Takes the next pack that is queued, or that a worker has left. An organization has one at a time. Removes the parts of
 * an earlier try. Returns null when there is none. The clock of claims is that of the database. As ledger_worker.
 */
export const claimPack = async (pool: Pool): Promise<ClaimedPack | null> => {
  const claimed = await transaction(pool, 'begin', async (db) => {
    // A claim must see the pack that another worker claimed just before.
    await db.query("select pg_advisory_xact_lock(hashtextextended('claims of audit packs', 0))");
    return claimNext(db);
  });
  // Outside of the lock: other workers do not wait while a large file is removed.
  if (claimed !== null) await transaction(pool, beginRemoval, (db) => removeParts(db, claimed));
  return claimed;
};

const claimNext = async (db: PoolClient): Promise<ClaimedPack | null> => {
  const { rows } = await db.query<ClaimedRow>({
    name: 'claim-audit-pack',
    text: `update ops.audit_packs set state = 'RUNNING', tries = tries + 1, done = 0, total = 0, claimed_until = ${claimEnd},
        waiting_since = coalesce(case state when 'QUEUED' then waiting_since end, statement_timestamp())
      where (issuer_org_id, pack_id) = (
        select issuer_org_id, pack_id from ops.audit_packs p
        where state in ('QUEUED', 'RUNNING') and (claimed_until is null or claimed_until <= statement_timestamp())
          and not exists (select from ops.audit_packs o where o.issuer_org_id = p.issuer_org_id
            and o.state = 'RUNNING' and o.claimed_until > statement_timestamp())
        order by created_at limit 1 for update skip locked)
      returning issuer_org_id, pack_id, actor_type, actor_id, query, licenses, has_leaves, created_at, tries,
        extract(epoch from statement_timestamp() - waiting_since) * 1000 as waited_ms, (select coalesce(sum(byte_count), 0)
          from ops.audit_packs o where o.issuer_org_id = audit_packs.issuer_org_id) as other_bytes`,
  });
  const [row] = rows;
  if (row === undefined) return null;
  return {
    issuerOrgId: row.issuer_org_id,
    packId: row.pack_id,
    actor: { type: row.actor_type, id: row.actor_id },
    query: row.query,
    licenses: row.licenses,
    hasLeaves: row.has_leaves,
    now: row.created_at,
    tries: row.tries,
    waitedMs: Number(row.waited_ms),
    otherBytes: Number(row.other_bytes),
  };
};

/** Notes the progress of a pack and keeps the claim. Throws ClaimLost. As ledger_worker. */
export const extendClaim = async (
  pool: Pool,
  pack: ClaimedPack,
  { done, total }: { readonly done: number; readonly total: number },
): Promise<void> => {
  const { rowCount } = await pool.query({
    name: 'extend-audit-pack',
    text: `update ops.audit_packs set done = $4, total = $5, claimed_until = ${claimEnd} where ${ofClaim}`,
    values: [...placeOf(pack), done, total],
  });
  mustHaveClaim(pack, rowCount);
};

/** Writes a part of the file, unless another worker has the pack. Throws ClaimLost. As ledger_worker. */
export const writePackPart = async (pool: Pool, pack: ClaimedPack, at: number, bytes: Uint8Array): Promise<void> => {
  const { rowCount } = await pool.query({
    name: 'write-audit-pack-part',
    // The lock keeps another worker from claiming the pack before the part is written, which it then removes.
    text: `with claim as (select from ops.audit_packs where ${ofClaim} for update)
      insert into ops.audit_pack_parts (issuer_org_id, pack_id, at, bytes) select $1, $2, $4, $5 from claim`,
    values: [...placeOf(pack), at, bytes],
  });
  mustHaveClaim(pack, rowCount);
};

/** Returns the parts of a file in their order. As ledger_worker. */
export async function* partsOfPack(pool: Pool, { issuerOrgId, packId }: ClaimedPack): AsyncGenerator<Uint8Array> {
  for (let at = 0; ; ) {
    const { rows } = await pool.query<{ bytes: Buffer }>({
      name: 'written-audit-pack-part',
      text: 'select bytes from ops.audit_pack_parts where issuer_org_id = $1 and pack_id = $2 and at = $3',
      values: [issuerOrgId, packId, at],
    });
    const [part] = rows;
    if (part === undefined) return;
    yield part.bytes;
    at += part.bytes.length;
  }
}

/** How the making of a pack ended. `hasLeaves`: of the file; a large log has none in it although they were requested. */
export type PackEnd =
  | { readonly state: 'READY'; readonly hasLeaves: boolean; readonly size: number; readonly sha256: string }
  | { readonly state: 'FAILED'; readonly reason: string };

/** Ends a pack. Throws ClaimLost when another worker has taken it since, and leaves the parts of that one. As ledger_worker. */
export const endPack = (pool: Pool, pack: ClaimedPack, end: PackEnd, now: Date): Promise<void> =>
  transaction(pool, beginRemoval, async (db) => {
    mustHaveClaim(pack, await noteEnd(db, pack, end, now));
    if (end.state === 'FAILED') await removeParts(db, pack);
  });

const noteEnd = async (db: PoolClient, pack: ClaimedPack, end: PackEnd, now: Date): Promise<number | null> => {
  const isReady = end.state === 'READY';
  const { rowCount } = await db.query({
    name: 'end-audit-pack',
    text: `update ops.audit_packs set state = $4, reason = $5, byte_count = $6, sha256 = $7, finished_at = $8::timestamptz,
        expires_at = $8::timestamptz + $9::integer * interval '1 day', done = case when $4 = 'READY' then total else done end,
        has_leaves = coalesce($10, has_leaves), claimed_until = null
      where ${ofClaim}`,
    values: [
      ...placeOf(pack),
      end.state,
      isReady ? null : end.reason,
      isReady ? end.size : null,
      isReady ? end.sha256 : null,
      now,
      isReady ? packKeptDays : failedPackKeptDays,
      isReady ? end.hasLeaves : null,
    ],
  });
  return rowCount;
};

/**
 * Why a pack is given back. STOP: the worker stops. WAIT: no checkpoint covers it yet. FAULT: something failed. Only a
 * fault counts as a try, and only a WAIT counts as waiting.
 */
export type GivenBack = 'STOP' | 'WAIT' | 'FAULT';

/** Gives a pack back. A worker tries again when some seconds have passed. As ledger_worker. */
export const giveBackPack = async (
  pool: Pool,
  pack: ClaimedPack,
  { because, seconds }: { readonly because: GivenBack; readonly seconds: number },
): Promise<void> => {
  await pool.query({
    name: 'give-back-audit-pack',
    text: `update ops.audit_packs set state = 'QUEUED', claimed_until = statement_timestamp() + $4 * interval '1 second',
        tries = tries - case when $5 = 'FAULT' then 0 else 1 end,
        waiting_since = case when $5 = 'WAIT' then waiting_since end
      where ${ofClaim}`,
    values: [...placeOf(pack), seconds, because],
  });
};

/** Removes packs that have expired with their files, one at a time. As ledger_worker. Returns how many. */
export const purgePacks = async (pool: Pool, now: Date, signal?: AbortSignal): Promise<number> => {
  for (let removed = 0; ; removed++) {
    const { rowCount } = await transaction(pool, beginRemoval, (db) =>
      db.query({
        name: 'purge-audit-pack',
        text: `delete from ops.audit_packs where (issuer_org_id, pack_id) = (
          select issuer_org_id, pack_id from ops.audit_packs where expires_at <= $1 order by expires_at limit 1)`,
        values: [now],
      }),
    );
    if (rowCount !== 1) return removed;
    if (signal?.aborted === true) return removed + 1;
  }
};

type ClaimedRow = Readonly<Record<'issuer_org_id' | 'pack_id' | 'actor_type' | 'actor_id', string>> & {
  readonly query: NewPack['query'];
  readonly licenses: readonly string[];
  readonly has_leaves: boolean;
  readonly created_at: Date;
  readonly tries: number;
  readonly waited_ms: string;
  readonly other_bytes: string;
};

// A claim that has ended is lost, also when nobody has taken the pack: another one of the organization may be made now.
const ofClaim = `issuer_org_id = $1 and pack_id = $2 and tries = $3 and state = 'RUNNING'
  and claimed_until > statement_timestamp()`;

const placeOf = ({ issuerOrgId, packId, tries }: ClaimedPack) => [issuerOrgId, packId, tries] as const;

const beginRemoval = `begin; set local statement_timeout = '${packRemovalSeconds}s'`;

const claimEnd = `statement_timestamp() + interval '${packClaimSeconds} seconds'`;

const mustHaveClaim = ({ packId }: ClaimedPack, rowCount: number | null): void => {
  if (rowCount !== 1) throw new ClaimLost(`Another worker makes the pack ${packId}.`);
};

const removeParts = async (
  db: PoolClient,
  { issuerOrgId, packId }: Pick<NewPack, 'issuerOrgId' | 'packId'>,
): Promise<void> => {
  await db.query({
    name: 'remove-audit-pack-parts',
    text: 'delete from ops.audit_pack_parts where issuer_org_id = $1 and pack_id = $2',
    values: [issuerOrgId, packId],
  });
};
