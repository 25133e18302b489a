import type { PoolClient } from 'pg';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import { isOver, sameLease } from '../../records/lease-liveness.ts';

/** A taken seat of a license. */
export type TakenSeat = {
  readonly id: string;
  readonly scope: string;
  readonly product: string | null;
  /** Who sits there, as the application said; null: it did not say, or the name was erased. */
  readonly holder: string | null;
  readonly userRef: string | null;
  readonly borrowed: boolean;
  readonly since: Instant;
  /** The last heartbeat since the seat was taken; null: none. */
  readonly lastHeartbeatAt: Instant | null;
  readonly ttlSeconds: number;
  readonly expiresAt: Instant;
};

/** Where a page of seats ended. */
export type SeatPlace = { readonly since: Instant; readonly id: string };

/**
 * Returns a page of the taken seats of a license that the tenant of `db` issues or holds, newest first. These are the
 * open leases that have not lapsed at `now`, except `ended`, and the released leases `withheld`.
 */
export const takenSeats = async (
  db: PoolClient,
  {
    issuerOrgId,
    licenseId,
    now,
    ended,
    withheld,
    limit,
    after,
  }: {
    readonly issuerOrgId: string;
    readonly licenseId: string;
    readonly now: Instant;
    readonly ended: readonly string[];
    readonly withheld: readonly string[];
    readonly limit: number;
    readonly after: SeatPlace | null;
  },
): Promise<readonly TakenSeat[]> => {
  const { rows } = await db.query<Row>({
    name: 'taken-seats',
    text: `select l.lease_id, l.scope, l.product, h.name, l.user_ref, l.borrowed, ${epochMs('l.acquired_at')},
        ${epochMs('l.heard_at')}, l.ttl_seconds, ${epochMs('l.expires_at')}
      from (
        (select l.*, case when v.last_seen_at > l.acquired_at then v.last_seen_at end heard_at
          from rm.leases l left join ops.lease_liveness v on ${sameLease}
          where l.license_id = $1 and l.ended_at is null and l.lease_id <> all($5) and not ${isOver('$8')} and ${isAfter}
          order by l.acquired_at desc, l.lease_id desc limit $2)
        union all (select l.*, null::timestamptz from rm.leases l
          where (l.issuer_org_id, l.license_id) = ($6, $1) and l.lease_id = any($7) and ${isAfter})) l
      left join vault.seat_holders h
        on (h.issuer_org_id, h.license_id, h.lease_id) = (l.issuer_org_id, l.license_id, l.lease_id)
      order by l.acquired_at desc, l.lease_id desc limit $2`,
    values: [licenseId, limit, after?.since ?? null, after?.id ?? null, ended, issuerOrgId, withheld, now],
    rowMode: 'array',
  });
  return rows.map(seatOf);
};

const isAfter = '($3::timestamptz is null or (l.acquired_at, l.lease_id) < ($3, $4))';

type Row = [
  ...lease: [id: string, scope: string, product: string | null],
  ...holder: [name: string | null, userRef: string | null],
  ...times: [borrowed: boolean, sinceMs: string, heardMs: string | null, ttlSeconds: string, expiresMs: string],
];

const seatOf = ([id, scope, product, holder, userRef, borrowed, sinceMs, heardMs, ttl, expiresMs]: Row): TakenSeat => ({
  id,
  scope,
  product,
  holder,
  userRef,
  borrowed,
  since: fromMs(Number(sinceMs)),
  lastHeartbeatAt: heardMs === null ? null : fromMs(Number(heardMs)),
  ttlSeconds: Number(ttl),
  expiresAt: fromMs(Number(expiresMs)),
});
