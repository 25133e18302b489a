import { type Instant, later, plusSeconds } from '../../time.ts';
import type { LicenseEvent } from '../events.ts';
import type { IssuedLicense, Lease } from '../license.ts';
import type { LastSeen } from './seat-commands.ts';

/**
 * Returns the open leases that have lapsed at `at`. Borrowed leases lapse by the clock alone. The others lapse
 * without a heartbeat; the stream does not record heartbeats, so `lastSeen` names the candidates.
 */
export const lapsedLeases = (
  { leases, borrowed }: IssuedLicense,
  lastSeen: readonly LastSeen[],
  at: Instant,
): readonly { readonly lease: Lease; readonly lastSeenAt: Instant }[] => {
  if (borrowed.size + lastSeen.length === 0) return [];
  const lapsing = new Map<string, { readonly lease: Lease; readonly lastSeenAt: Instant }>();
  for (const lease of borrowed.values())
    if (at >= lease.expiresAt) lapsing.set(lease.leaseId, { lease, lastSeenAt: lease.expiresAt });
  for (const { leaseId, lastSeenAt } of lastSeen) {
    const lease = leases.get(leaseId);
    if (lease !== undefined && !lease.borrow && at >= lapseOf(lease, lastSeenAt))
      lapsing.set(leaseId, { lease, lastSeenAt });
  }
  return [...lapsing.values()];
};

/** Returns the event that ends a lapsed lease. */
export const lapsed = (lease: Lease, lastSeenAt: Instant, inUseAfter: number): LicenseEvent => ({
  type: 'LeaseLapsed',
  data: { leaseId: lease.leaseId, lastSeenAt, inUseAfter },
  effectiveAt: lease.borrow ? lease.expiresAt : lapseOf(lease, lastSeenAt),
});

// A lease lives at least for its time to live from its acquisition, whatever the heartbeats.
const lapseOf = ({ expiresAt, ttlSeconds }: Lease, lastSeenAt: Instant): Instant =>
  later(expiresAt, plusSeconds(lastSeenAt, ttlSeconds));
