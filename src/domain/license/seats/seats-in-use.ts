import { type Instant, later, plusSeconds } from '../../time.ts';
import type { IssuedLicense, Lease, LicenseFacts } from '../license.ts';

/** Seats that are taken: by open leases, and by released ones whose seat returns later. */
export const seatsInUse = ({ leases, withheld }: IssuedLicense, at: Instant): number => {
  let taken = leases.size;
  for (const freeAt of withheld.values()) if (freeAt > at) taken += 1;
  return taken;
};

/**
 * Returns until when a lease holds its seat. A heartbeat prolongs it, its absence does not shorten it; a borrowed lease lives
 * by the clock alone.
 */
export const aliveUntil = (
  { borrow, expiresAt, ttlSeconds }: Pick<Lease, 'borrow' | 'expiresAt' | 'ttlSeconds'>,
  heardAt: Instant | null,
): Instant => (borrow || heardAt === null ? expiresAt : later(expiresAt, plusSeconds(heardAt, ttlSeconds)));

/** Returns how often to send a heartbeat: as the policy says, else so often that one may be lost. */
export const heartbeatSecondsOf = (
  { policy }: Pick<LicenseFacts, 'policy'>,
  { ttlSeconds }: Pick<Lease, 'ttlSeconds'>,
): number => policy.heartbeatSeconds ?? Math.max(1, Math.floor(ttlSeconds / 3));
