import type { Pool } from 'pg';
import type { NewPack } from './audit-packs.ts';

/** A pack that this worker makes. `tries` counts this try, from 1. No other worker takes it before the claim ends. */
export type ClaimedPack = NewPack & { readonly tries: number };

/** For how long a worker has a pack for itself, in seconds. `extendClaim` begins the time again. */
export const packClaimSeconds = 60;

/** For how many days the file and the row of a pack stay. */
export const packKeptDays = 7;

/** Another worker has taken the pack, or it is gone. This worker must stop writing. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost';
}

/**
 * Takes the next pack that is queued, or that a worker has left. An organization has one at a time. Removes the parts of
 * an earlier try. Returns null when there is none. As ledger_worker.
 */
export const claimPack = async (pool: Pool, now: Date): Promise<ClaimedPack | null> => {
  const { rows } = await pool.query<ClaimedRow>({
    name: 'claim-audit-pack',
    text: `update ops.audit_packs set state = 'RUNNING', tries = tries + 1, done = 0, total = 0, claimed_until = $2
      where (issuer_org_id, pack_id) = (
        select issuer_org_id, pack_id from ops.audit_packs p
        where (state = 'QUEUED' or (state = 'RUNNING' and claimed_until <= $1))
          and not exists (select from ops.audit_packs o where o.issuer_org_id = p.issuer_org_id
            and o.state = 'RUNNING' and o.claimed_until > $1)
        order by created_at limit 1 for update skip locked)
      returning issuer_org_id, pack_id, actor_type, actor_id, query, licenses, has_leaves, created_at, tries`,
    values: [now, claimEnd(now)],
  });
  const [row] = rows;
  if (row === undefined) return null;
  const claimed = {
    issuerOrgId: row.issuer_org_id,
    packId: row.pack_id,
    actor: { type: row.actor_type, id: row.actor_id },
    query: row.query,
    licenses: row.licenses,
    hasLeaves: row.has_leaves,
    now: row.created_at,
    tries: row.tries,
  };
  await removeParts(pool, claimed);
  return claimed;
};

/** Notes the progress of a pack and keeps the claim. Throws ClaimLost. As ledger_worker. */
export const extendClaim = async (
  pool: Pool,
  pack: ClaimedPack,
  { done, total, now }: { readonly done: number; readonly total: number; readonly now: Date },
): Promise<void> => {
  const { rowCount } = await pool.query({
    name: 'extend-audit-pack',
    text: `update ops.audit_packs set done = $4, total = $5, claimed_until = $6 where ${ofClaim}`,
    values: [...placeOf(pack), done, total, claimEnd(now)],
  });
  if (rowCount !== 1) throw new ClaimLost(`Another worker makes the pack ${pack.packId}.`);
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
  if (rowCount !== 1) throw new ClaimLost(`Another worker makes the pack ${pack.packId}.`);
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

/** How the making of a pack ended. */
export type PackEnd =
  | { readonly state: 'READY'; readonly size: number; readonly sha256: string }
  | { readonly state: 'FAILED'; readonly reason: string };

/** Ends a pack, unless another worker has taken it since. As ledger_worker. */
export const endPack = async (pool: Pool, pack: ClaimedPack, end: PackEnd, now: Date): Promise<void> => {
  const isReady = end.state === 'READY';
  await pool.query({
    name: 'end-audit-pack',
    text: `update ops.audit_packs set state = $4, reason = $5, byte_count = $6, sha256 = $7, finished_at = $8::timestamptz,
        expires_at = $8::timestamptz + $9::integer * interval '1 day', done = case when $4 = 'READY' then total else done end
      where ${ofClaim}`,
    values: [
      ...placeOf(pack),
      end.state,
      isReady ? null : end.reason,
      isReady ? end.size : null,
      isReady ? end.sha256 : null,
      now,
      packKeptDays,
    ],
  });
  if (!isReady) await removeParts(pool, pack);
};

/** Gives a pack back, so that another worker begins at once. As ledger_worker. */
export const releasePack = async (pool: Pool, pack: ClaimedPack): Promise<void> => {
  await pool.query({
    name: 'release-audit-pack',
    text: `update ops.audit_packs set state = 'QUEUED', claimed_until = null, tries = tries - 1 where ${ofClaim}`,
    values: [...placeOf(pack)],
  });
};

/** Removes packs that have expired, one at a time. As ledger_worker. Returns how many. */
export const purgePacks = async (pool: Pool, now: Date, signal?: AbortSignal): Promise<number> => {
  for (let removed = 0; ; removed++) {
    const { rows } = await pool.query<{ issuer_org_id: string; pack_id: string }>({
      name: 'purge-audit-pack',
      text: `delete from ops.audit_packs where (issuer_org_id, pack_id) = (
          select issuer_org_id, pack_id from ops.audit_packs where expires_at <= $1 order by expires_at limit 1)
        returning issuer_org_id, pack_id`,
      values: [now],
    });
    const [row] = rows;
    if (row === undefined) {
      await removeOrphans(pool);
      return removed;
    }
    await removeParts(pool, { issuerOrgId: row.issuer_org_id, packId: row.pack_id });
    if (signal?.aborted === true) return removed + 1;
  }
};

type ClaimedRow = Readonly<Record<'issuer_org_id' | 'pack_id' | 'actor_type' | 'actor_id', string>> & {
  readonly query: NewPack['query'];
  readonly licenses: readonly string[];
  readonly has_leaves: boolean;
  readonly created_at: Date;
  readonly tries: number;
};

const ofClaim = "issuer_org_id = $1 and pack_id = $2 and tries = $3 and state = 'RUNNING'";

const placeOf = ({ issuerOrgId, packId, tries }: ClaimedPack) => [issuerOrgId, packId, tries] as const;

const claimEnd = (now: Date): Date => new Date(now.getTime() + packClaimSeconds * 1_000);

const removeParts = async (
  pool: Pool,
  { issuerOrgId, packId }: Pick<NewPack, 'issuerOrgId' | 'packId'>,
): Promise<void> => {
  await pool.query({
    name: 'remove-audit-pack-parts',
    text: 'delete from ops.audit_pack_parts where issuer_org_id = $1 and pack_id = $2',
    values: [issuerOrgId, packId],
  });
};

// A process can die between the row and its parts.
const removeOrphans = async (pool: Pool): Promise<void> => {
  await pool.query(`delete from ops.audit_pack_parts a where not exists (
    select from ops.audit_packs p where p.issuer_org_id = a.issuer_org_id and p.pack_id = a.pack_id)`);
};
