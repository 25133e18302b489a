import { earlier, type Instant, lastInstant, later, plusSeconds } from '../../time.ts';
import type { IssuedLicense, Lease, LicenseFacts } from '../license.ts';
import { usableUntil } from '../status.ts';

/** Returns how many seats are taken: by open leases, and by released leases until their seats return. */
export const seatsInUse = ({ leases, withheld }: IssuedLicense, at: Instant): number => {
  let taken = leases.size;
  for (const freeAt of withheld.values()) if (freeAt > at) taken += 1;
  return taken;
};

/** Returns until when a borrowed lease works without the server; null when it is not borrowed, or no longer at `at`. */
export const borrowedUntil = (
  { borrow, expiresAt }: Pick<Lease, 'borrow' | 'expiresAt'>,
  at: Instant,
): Instant | null => (borrow && expiresAt > at ? expiresAt : null);

/**
 * Returns until when a lease occupies its seat. A heartbeat prolongs it; a missing heartbeat does not shorten it. A
 * borrowed lease lives by the clock alone.
 */
export const aliveUntil = (
  { borrow, expiresAt, ttlSeconds }: Pick<Lease, 'borrow' | 'expiresAt' | 'ttlSeconds'>,
  heartbeatAt: Instant | null,
): Instant => (borrow || heartbeatAt === null ? expiresAt : later(expiresAt, plusSeconds(heartbeatAt, ttlSeconds)));

/** Returns the end of a seat as a client sees it: no seat outlasts the use of its license. */
export const seatEndsAt = (
  facts: LicenseFacts,
  lease: Parameters<typeof aliveUntil>[0],
  heartbeatAt: Instant | null,
): Instant => earlier(aliveUntil(lease, heartbeatAt), usableUntil(facts) ?? lastInstant);

/** Returns how many seconds apart heartbeats are: as the policy says, else so often that one may be lost. */
export const heartbeatSecondsOf = (
  { policy }: Pick<LicenseFacts, 'policy'>,
  { ttlSeconds }: Pick<Lease, 'ttlSeconds'>,
): number => policy.heartbeatSeconds ?? Math.max(1, Math.floor(ttlSeconds / 3));
