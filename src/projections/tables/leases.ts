import type { PoolClient } from 'pg';
import type { LicenseEvent } from '../../domain/license/events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { PartOwner } from './activations.ts';
import { columnsFor, noInstantYet, notYet, rowMaker, typesOf } from './columns.ts';
import type { Table } from './rows.ts';

type Data<Type extends LicenseEvent['type']> = Extract<LicenseEvent, { type: Type }>['data'];

/** What the row of a lease is made of. `revision`: that of the event. */
type Acquisition = {
  readonly owner: PartOwner;
  readonly data: Data<'LeaseAcquired'>;
  readonly acquiredAt: Instant;
  readonly revision: bigint;
};

const column = columnsFor<Acquisition>();
const columns = {
  issuer_org_id: column('text', ({ owner }) => owner.issuerOrgId),
  holder_org_id: column('text', ({ owner }) => owner.holderOrgId),
  license_id: column('text', ({ owner }) => owner.licenseId),
  lease_id: column('text', ({ data }) => data.leaseId),
  scope: column('text', ({ data }) => data.scope),
  product: column('text', ({ data }) => data.product),
  holder_hash: column('bytea', ({ data }) => data.holderHash),
  user_ref: column('text', ({ data }) => data.userRef),
  borrowed: column('boolean', ({ data }) => data.borrow),
  ttl_seconds: column('bigint', ({ data }) => data.ttlSeconds),
  acquired_at: column('timestamptz', ({ acquiredAt }) => acquiredAt),
  expires_at: column('timestamptz', ({ data }) => data.expiresAt),
  ended_at: column('timestamptz', noInstantYet),
  cause: column('text', notYet),
  last_seen_at: column('timestamptz', noInstantYet),
  seat_free_at: column('timestamptz', noInstantYet),
  revision: column('bigint', ({ revision }) => revision),
};

/** `rm.leases`: one row per lease, open or ended (db/read-models/031-leases.sql). */
export const leases = {
  name: 'leases',
  key: ['issuer_org_id', 'license_id', 'lease_id'],
  group: { by: ['license_id'], end: 'ended_at' },
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of an acquired lease. A lease that lapsed and is acquired again gets a new row. */
export const leaseRow = rowMaker(columns);

/** Returns what a longer borrow changes. */
export const leaseExtension = (owner: PartOwner, lease: Data<'LeaseExtended'>) => ({
  ...leaseKey(owner, lease),
  expires_at: lease.expiresAt,
});

/** Returns what a release changes. */
export const leaseRelease = (
  owner: PartOwner,
  lease: Pick<Data<'LeaseReleased'>, 'leaseId' | 'cause' | 'seatFreeAt'>,
  endedAt: Instant,
) => ({
  ...leaseKey(owner, lease),
  ended_at: endedAt,
  cause: lease.cause,
  seat_free_at: lease.seatFreeAt,
});

/** Returns what a lapse changes. */
export const leaseLapse = (owner: PartOwner, lease: Data<'LeaseLapsed'>, endedAt: Instant) => ({
  ...leaseKey(owner, lease),
  ended_at: endedAt,
  cause: 'LAPSED',
  last_seen_at: lease.lastSeenAt,
});

const leaseKey = ({ issuerOrgId, licenseId }: PartOwner, { leaseId }: { readonly leaseId: string }) => ({
  issuer_org_id: issuerOrgId,
  license_id: licenseId,
  lease_id: leaseId,
});

/** A taken seat. `platform`, `name`: of the active device that holds it; null for other holders. */
export type LeaseInUse = {
  readonly id: string;
  readonly platform: string | null;
  readonly name: string | null;
  /** When the seat was taken, or when its last heartbeat arrived. */
  readonly lastSeenAt: Instant;
};

/** Returns open leases of a license that the tenant of `db` issues or holds, except some, the newest first. */
export const leasesInUse = async (
  db: PoolClient,
  licenseId: string,
  { limit, except }: { readonly limit: number; readonly except: readonly string[] },
): Promise<readonly LeaseInUse[]> => {
  const { rows } = await db.query<[string, string | null, string | null, string]>({
    name: 'leases-in-use',
    text: `select l.lease_id, a.platform, v.value, ${epochMs('greatest(l.acquired_at, h.last_seen_at)')}
      from rm.leases l left join ops.lease_liveness h
        on (h.issuer_org_id, h.license_id, h.lease_id) = (l.issuer_org_id, l.license_id, l.lease_id)
      left join rm.activations a on l.scope = 'MACHINE' and a.license_id = l.license_id
        and a.fingerprint_hash = l.holder_hash and a.deactivated_at is null
      left join vault.personal_values v on v.ref = a.name_ref
      where l.license_id = $1 and l.ended_at is null and l.lease_id <> all($3)
      order by l.acquired_at desc, l.lease_id desc limit $2`,
    values: [licenseId, limit, except],
    rowMode: 'array',
  });
  return rows.map(([id, platform, name, seenMs]) => ({ id, platform, name, lastSeenAt: fromMs(Number(seenMs)) }));
};
