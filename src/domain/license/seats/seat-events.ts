import type { Instant } from '../../time.ts';
import type { Event } from '../message-shapes.ts';
import type { PinnedPolicy } from '../policy.ts';
import type { Limit } from '../usage/usage-limits.ts';

/** Events about floating seats, stored as they are: add, never rename or repurpose. */
export type SeatEvent =
  | Event<
      'LeaseAcquired',
      {
        readonly leaseId: string;
        readonly scope: PinnedPolicy['lease']['scope'];
        readonly product: string | null;
        /** HMAC-SHA-256 of issuer and machine, instance or user, hex. */
        readonly holderHash: string;
        readonly userRef: string | null;
        readonly ttlSeconds: number;
        /** Without a heartbeat the lease lapses then; no event records a heartbeat. A borrowed lease ends then. */
        readonly expiresAt: Instant;
        readonly borrow: boolean;
        readonly inUseAfter: number;
        readonly limit: Limit;
        readonly overage: boolean;
        /** The released lease of the same holder with the withheld seat that this lease takes; absent: a free seat. */
        readonly takesBack?: string;
      }
    >
  /** A borrowed lease ends later than before. */
  | Event<'LeaseExtended', { readonly leaseId: string; readonly expiresAt: Instant }>
  /**
   * `seatFreeAt`: when the seat returns to the pool, if the borrowed license works beyond the release; null: the seat
   * is free at once. Earlier programs freed the seats of borrows that users gave back.
   */
  | Event<
      'LeaseReleased',
      {
        readonly leaseId: string;
        readonly cause: ReleaseCause;
        readonly inUseAfter: number;
        readonly seatFreeAt: Instant | null;
      }
    >
  | Event<'LeaseLapsed', { readonly leaseId: string; readonly lastSeenAt: Instant; readonly inUseAfter: number }>;

/** Lists why a seat is released. */
export const releaseCauses = [
  'USER',
  'ADMIN',
  'DEACTIVATED',
  'PRODUCT_REMOVED',
  'LICENSE_REVOKED',
  'TRANSFER',
  'LIMIT_LOWERED',
  'USER_UNASSIGNED',
] as const;
export type ReleaseCause = (typeof releaseCauses)[number];
