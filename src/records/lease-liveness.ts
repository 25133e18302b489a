import type { Pool, PoolClient } from 'pg';
import type { LicenseFacts } from '../domain/license/license.ts';
import type { LastSeen } from '../domain/license/seats/seat-commands.ts';
import { fromMs, type Instant } from '../domain/time.ts';
import { epochMs } from '../postgres/epoch-ms.ts';

/** The license of a lease, with its issuer and holder. */
export type LeaseOwner = Pick<LicenseFacts, 'issuerOrgId' | 'holderOrgId' | 'licenseId'>;

/** An open lease that has expired. */
export type OverdueLease = LastSeen & { readonly licenseId: string };

/** Where a page of open leases ended. */
export type LeasePlace = { readonly expiresAt: Instant; readonly licenseId: string; readonly leaseId: string };

/**
 * The result of a heartbeat. `endingSince` null: the heartbeat is recorded. Otherwise it is not, because another
 * process is about to end the lease, and `endingSince` is the last heartbeat that it knew. `isNew`: the lease had no
 * row.
 */
export type Heard = { readonly endingSince: Instant | null; readonly isNew: boolean };

/** A heartbeat of the holder of a lease. `acquiredAt`: when the lease was acquired; absent: unknown. */
export type Heartbeat = { readonly leaseId: string; readonly seenAt: Instant; readonly acquiredAt?: Instant };

/** Records a heartbeat, unless a later one of the lease is recorded. As the license's issuer. */
export const noteHeartbeat = async (db: PoolClient, owner: LeaseOwner, heartbeat: Heartbeat): Promise<Heard> => {
  for (;;) {
    const heard = await tryToNote(db, owner, heartbeat);
    if (heard !== null) return heard;
  }
};

/**
 * Returns null when the caller must retry, because the claimed end of the lease was withdrawn or its row was removed.
 */
const tryToNote = async (
  db: PoolClient,
  { issuerOrgId, holderOrgId, licenseId }: LeaseOwner,
  { leaseId, seenAt, acquiredAt }: Heartbeat,
): Promise<Heard | null> => {
  const { rows } = await db.query<[boolean]>({
    name: 'note-heartbeat',
    text: `insert into ops.lease_liveness as v (issuer_org_id, holder_org_id, license_id, lease_id, last_seen_at)
      values ($1, $2, $3, $4, $5)
      on conflict (issuer_org_id, license_id, lease_id) do update
        set holder_org_id = excluded.holder_org_id, last_seen_at = greatest(v.last_seen_at, excluded.last_seen_at),
          ending_seen_at = null
        where v.ending_seen_at is null or v.ending_seen_at < $6
      returning v.xmax = 0`,
    values: [issuerOrgId, holderOrgId, licenseId, leaseId, seenAt, acquiredAt ?? null],
    rowMode: 'array',
  });
  const [noted] = rows;
  if (noted !== undefined) return { endingSince: null, isNew: noted[0] };
  const { rows: ending } = await db.query<[string | null]>({
    name: 'lease-ending',
    text: `select ${epochMs('ending_seen_at')} from ops.lease_liveness
      where (issuer_org_id, license_id, lease_id) = ($1, $2, $3)`,
    values: [issuerOrgId, licenseId, leaseId],
    rowMode: 'array',
  });
  const endingMs = ending[0]?.[0] ?? null;
  return endingMs === null ? null : { endingSince: fromMs(Number(endingMs)), isNew: false };
};

/**
 * Claims the end of leases. Returns the leases without a later heartbeat, because only these may end. As ledger_worker,
 * or as the tenant that issues them.
 */
export const claimEndings = async <Lease extends LastSeen & Pick<LeaseOwner, 'issuerOrgId' | 'licenseId'>>(
  db: Pool | PoolClient,
  leases: readonly Lease[],
): Promise<readonly Lease[]> => {
  if (leases.length === 0) return leases;
  const { rows } = await db.query<[string]>({
    name: 'claim-endings',
    // The same order everywhere prevents deadlocks between claims of the same leases.
    text: `insert into ops.lease_liveness as v (issuer_org_id, license_id, lease_id, last_seen_at, ending_seen_at)
      select issuer_org_id, license_id, lease_id, seen_at, seen_at
      from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) lease (issuer_org_id, license_id, lease_id, seen_at)
      order by 1, 2, 3
      on conflict (issuer_org_id, license_id, lease_id) do update set ending_seen_at = excluded.ending_seen_at
        where v.last_seen_at <= excluded.last_seen_at
      returning lease_id`,
    values: [
      leases.map(({ issuerOrgId }) => issuerOrgId),
      leases.map(({ licenseId }) => licenseId),
      leases.map(({ leaseId }) => leaseId),
      leases.map(({ lastSeenAt }) => lastSeenAt),
    ],
    rowMode: 'array',
  });
  const claimed = new Set(rows.map(([leaseId]) => leaseId));
  return leases.filter(({ leaseId }) => claimed.has(leaseId));
};

/**
 * Returns the last heartbeat of a lease. Returns null when there is none since it was acquired. As the license's
 * issuer.
 */
export const lastHeartbeat = async (
  db: PoolClient,
  { issuerOrgId, licenseId }: LeaseOwner,
  leaseId: string,
): Promise<Instant | null> => {
  const { rows } = await db.query<[string]>({
    name: 'last-heartbeat',
    text: `select ${epochMs('last_seen_at')} from ops.lease_liveness
      where issuer_org_id = $1 and license_id = $2 and lease_id = $3`,
    values: [issuerOrgId, licenseId, leaseId],
    rowMode: 'array',
  });
  return rows[0] === undefined ? null : fromMs(Number(rows[0][0]));
};

/**
 * Returns the open leases of a license, which the tenant of `db` sees, with a last heartbeat that is too old at `now`.
 * Their seats are free, even before the worker ends them.
 */
export const deadLeases = async (db: PoolClient, licenseId: string, now: Instant): Promise<readonly LastSeen[]> => {
  const { rows } = await db.query<[string, string]>({
    name: 'dead-leases',
    text: `select l.lease_id, ${lastSeenMs} from rm.leases l left join ops.lease_liveness v on ${sameLease}
      where l.license_id = $1 and l.ended_at is null and ${isOver('$2')}`,
    values: [licenseId, now],
    rowMode: 'array',
  });
  return rows.map(([leaseId, lastSeen]) => ({ leaseId, lastSeenAt: fromMs(Number(lastSeen)) }));
};

/**
 * Reads a page of the open leases that have ended at `now` if they had no heartbeat. Claims the end of those that have
 * ended indeed, and returns them as `overdue`. `next`: where the page ended; null after the last page. As
 * ledger_worker. Has no lower bound in time.
 */
export const overdueLeases = async (
  db: Pool | PoolClient,
  { now, limit, after }: { readonly now: Instant; readonly limit: number; readonly after: LeasePlace | null },
): Promise<{ readonly overdue: readonly OverdueLease[]; readonly next: LeasePlace | null }> => {
  const { rows } = await db.query<[string, string, string, string, boolean, string]>({
    name: 'overdue-leases',
    // The limit applies before the filter, so that many living leases cost many short statements and not a long one.
    text: `with page as (
        select issuer_org_id, license_id, lease_id, borrowed, ttl_seconds, acquired_at, expires_at from rm.leases
        where ended_at is null and expires_at <= $1
          and ($3::timestamptz is null or (expires_at, license_id, lease_id) > ($3, $4, $5))
        order by expires_at, license_id, lease_id limit $2)
      select l.license_id, l.lease_id, ${epochMs('l.expires_at')}, ${lastSeenMs}, ${isOver('$1')}, l.issuer_org_id
      from page l left join ops.lease_liveness v on ${sameLease}
      order by l.expires_at, l.license_id, l.lease_id`,
    values: [now, limit, after?.expiresAt ?? null, after?.licenseId ?? null, after?.leaseId ?? null],
    rowMode: 'array',
  });
  const last = rows.length < limit ? undefined : rows.at(-1);
  const over = rows.flatMap(([licenseId, leaseId, , lastSeen, isOverdue, issuerOrgId]) =>
    isOverdue ? [{ issuerOrgId, licenseId, leaseId, lastSeenAt: fromMs(Number(lastSeen)) }] : [],
  );
  return {
    overdue: await claimEndings(db, over),
    next: last === undefined ? null : { licenseId: last[0], leaseId: last[1], expiresAt: fromMs(Number(last[2])) },
  };
};

/**
 * Removes the rows of ended leases, in batches that hold no locks for long. Keeps rows without a lease in the read
 * models, because a rebuild may be adding it. As ledger_worker. Returns how many rows it removed.
 */
export const purgeLiveness = async (db: Pool, signal?: AbortSignal): Promise<number> => {
  let removed = 0;
  while (signal?.aborted !== true) {
    const { rowCount } = await db.query({
      name: 'purge-liveness',
      text: `delete from ops.lease_liveness d using (
          select v.issuer_org_id, v.license_id, v.lease_id from ops.lease_liveness v join rm.leases l on ${sameLease}
          where l.ended_at is not null limit $1) ended
        where (d.issuer_org_id, d.license_id, d.lease_id) = (ended.issuer_org_id, ended.license_id, ended.lease_id)`,
      values: [purgedMax],
    });
    if (!rowCount) return removed;
    removed += rowCount;
  }
  return removed;
};

const purgedMax = 5_000;
/** Joins the heartbeats `v` to the leases `l`. */
export const sameLease = '(v.issuer_org_id, v.license_id, v.lease_id) = (l.issuer_org_id, l.license_id, l.lease_id)';
// After a lease lapsed and was acquired again, an earlier row says nothing about it.
const lastSeenMs = epochMs('greatest(l.acquired_at, v.last_seen_at)');
/**
 * Returns SQL that is true for a lease `l` with the heartbeats `v` that has lapsed at `now`. It is the rule of
 * `lapseOf` in src/domain/license/seats/lapsed-leases.ts: a lease lives from its acquisition to its end, and for its
 * ttl after a heartbeat. A borrowed lease ends at its end.
 */
export const isOver = (now: string): string =>
  `(l.expires_at <= ${now} and (l.borrowed
    or coalesce(v.last_seen_at + make_interval(secs => l.ttl_seconds) <= ${now}, true)))`;
