import type { Pool, PoolClient } from 'pg';
import type { UnseenDevice } from '../../aggregates/command-names.ts';
import { noticeMaxSeconds, unseenMarginSeconds } from '../../domain/license/devices/unseen-rule.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';

/** Where a page of devices ended. `fingerprintHash`: in hex. */
export type UnseenPlace = { readonly licenseId: string; readonly fingerprintHash: string };

/** The devices of a page that are due, and where the page ended; null after the last page. */
export type UnseenPage = {
  readonly due: readonly (UnseenDevice & { readonly licenseId: string })[];
  readonly next: UnseenPlace | null;
};

/**
 * Reads a page of the active devices under a policy with `deactivateUnseenAfter`, by license. Returns those whose
 * deactivation must be announced or carried out at `now`, as the rows say. A device was last seen at its activation,
 * its last sighting, or the last heartbeat of its seat; a borrowed seat counts as seen until its end. As
 * ledger_worker. Takes no locks, because the stream decides.
 */
export const unseenDevices = async (
  db: Pool | PoolClient,
  { now, limit, after }: { readonly now: Instant; readonly limit: number; readonly after: UnseenPlace | null },
): Promise<UnseenPage> => {
  const { rows } = await db.query<[string, string, string, string, string | null, boolean]>({
    name: 'unseen-devices',
    text: `with page as (
        select a.issuer_org_id, a.license_id, a.activation_id, a.fingerprint_hash, a.activated_at, a.unseen_since,
          a.deactivates_at, l.unseen_days * 86400 seconds
        from rm.licenses l join rm.activations a on a.license_id = l.license_id and a.deactivated_at is null
        where l.unseen_days is not null and l.revoked_at is null
          and (l.suspension_reason is null or l.suspended_until <= $1)
          and l.license_id >= $3 and (l.license_id > $3 or a.fingerprint_hash > decode($4, 'hex'))
        order by l.license_id, a.fingerprint_hash limit $2),
      seen as (
        select p.*, greatest(p.activated_at, s.last_seen_at, h.heard_at) seen_at from page p
        left join ops.device_sightings s on (s.issuer_org_id, s.license_id, s.fingerprint_hash)
          = (p.issuer_org_id, p.license_id, p.fingerprint_hash)
        left join lateral (
          select max(case when e.borrowed then e.expires_at else greatest(e.acquired_at, v.last_seen_at) end) heard_at
          from rm.leases e left join ops.lease_liveness v
            on (v.issuer_org_id, v.license_id, v.lease_id) = (e.issuer_org_id, e.license_id, e.lease_id)
          where e.license_id = p.license_id and e.holder_hash = p.fingerprint_hash and e.scope = 'MACHINE'
            and e.ended_at is null) h on true)
      select license_id, encode(fingerprint_hash, 'hex'), activation_id, ${epochMs('seen_at')},
        ${epochMs('deactivates_at')}, ${isDue}
      from seen order by license_id, fingerprint_hash`,
    values: [now, limit, after?.licenseId ?? '', after?.fingerprintHash ?? ''],
    rowMode: 'array',
  });
  const last = rows.length < limit ? undefined : rows.at(-1);
  return {
    due: rows.flatMap(([licenseId, , activationId, seenMs, deactivatesMs, due]) =>
      due
        ? [{ licenseId, activationId, lastSeenAt: fromMs(Number(seenMs)), deactivatesAt: orNull(deactivatesMs) }]
        : [],
    ),
    next: last === undefined ? null : { licenseId: last[0], fingerprintHash: last[1] },
  };
};

// The rule of `releaseUnseen` in src/domain/license/devices/unseen-devices.ts.
const isDue = `case when unseen_since >= seen_at
    then greatest(deactivates_at, seen_at + make_interval(secs => seconds)) + interval '${unseenMarginSeconds} s' <= $1
    else seen_at + make_interval(secs => seconds - least(seconds / 2, ${noticeMaxSeconds})) <= $1 end`;

const orNull = (ms: string | null): Instant | null => (ms === null ? null : fromMs(Number(ms)));
