import { earlier, type Instant, lastInstant, later, plusSeconds } from '../../time.ts';
import type { IssuedLicense, Lease, LicenseFacts } from '../license.ts';
import { usableUntil } from '../status.ts';

/** Returns how many seats are taken: by open leases, and by released leases until their seats return. */
export const seatsInUse = ({ leases, withheld }: IssuedLicense, at: Instant): number => {
  let taken = leases.size;
  for (const { freeAt } of withheld.values()) if (freeAt > at) taken += 1;
  return taken;
};

/**
 * Returns the id of the withheld seat that a holder under any of these hashes can take back, and when it returns. With
 * several, it returns the one that returns last. Returns null when there is none.
 */
export const ownWithheld = (
  { withheld }: IssuedLicense,
  holderHashes: readonly string[],
  at: Instant,
): { readonly leaseId: string; readonly freeAt: Instant } | null => {
  let own: { readonly leaseId: string; readonly freeAt: Instant } | null = null;
  for (const [leaseId, { freeAt, holderHash }] of withheld)
    if (freeAt > (own?.freeAt ?? at) && holderHashes.includes(holderHash)) own = { leaseId, freeAt };
  return own;
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
