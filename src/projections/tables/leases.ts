import type { LicenseEvent } from '../../domain/license/events.ts';
import type { Instant } from '../../domain/time.ts';
import type { PartOwner } from './activations.ts';
import type { Row, Table } from './rows.ts';

/** `rm.leases`: one row per lease, open or ended (db/read-models/031-leases.sql). */
export const leases: Table = {
  name: 'leases',
  key: ['issuer_org_id', 'license_id', 'lease_id'],
  group: { by: ['license_id'], end: 'ended_at' },
  columns: {
    ...{ issuer_org_id: 'text', holder_org_id: 'text', license_id: 'text', lease_id: 'text', scope: 'text' },
    ...{ product: 'text', holder_hash: 'bytea', user_ref: 'text', borrowed: 'boolean', ttl_seconds: 'bigint' },
    ...{ acquired_at: 'timestamptz', expires_at: 'timestamptz', ended_at: 'timestamptz', cause: 'text' },
    ...{ last_seen_at: 'timestamptz', seat_free_at: 'timestamptz', revision: 'bigint' },
  },
};

type Data<Type extends LicenseEvent['type']> = Extract<LicenseEvent, { type: Type }>['data'];

/**
 * The row of a lease when it is acquired, by the event of this revision; one that lapsed and comes back is made again.
 */
export const leaseRow = (
  owner: PartOwner,
  lease: Data<'LeaseAcquired'>,
  acquiredAt: Instant,
  revision: bigint,
): Row => ({
  ...leaseKey(owner, lease),
  holder_org_id: owner.holderOrgId,
  scope: lease.scope,
  product: lease.product,
  holder_hash: `\\x${lease.holderHash}`,
  user_ref: lease.userRef,
  borrowed: lease.borrow,
  ttl_seconds: lease.ttlSeconds,
  acquired_at: acquiredAt,
  expires_at: lease.expiresAt,
  ended_at: null,
  cause: null,
  last_seen_at: null,
  seat_free_at: null,
  revision: `${revision}`,
});

/** What a longer borrow changes. */
export const leaseExtension = (owner: PartOwner, lease: Data<'LeaseExtended'>): Row => ({
  ...leaseKey(owner, lease),
  expires_at: lease.expiresAt,
});

/** What a release changes. */
export const leaseRelease = (owner: PartOwner, lease: Data<'LeaseReleased'>, endedAt: Instant): Row => ({
  ...leaseKey(owner, lease),
  ended_at: endedAt,
  cause: lease.cause,
  seat_free_at: lease.seatFreeAt,
});

/** What a lapse changes. */
export const leaseLapse = (owner: PartOwner, lease: Data<'LeaseLapsed'>, endedAt: Instant): Row => ({
  ...leaseKey(owner, lease),
  ended_at: endedAt,
  cause: 'LAPSED',
  last_seen_at: lease.lastSeenAt,
});

const leaseKey = ({ issuerOrgId, licenseId }: PartOwner, { leaseId }: { readonly leaseId: string }): Row => ({
  issuer_org_id: issuerOrgId,
  license_id: licenseId,
  lease_id: leaseId,
});
