import type { Instant } from '../../time.ts';
import type { Fact, PinnedPolicy } from '../events.ts';

/** Events about floating seats and metered use, stored as they are: add, never rename or repurpose. */
export type LeaseEvent =
  | Fact<
      'LeaseAcquired',
      {
        readonly leaseId: string;
        readonly scope: PinnedPolicy['lease']['scope'];
        readonly product: string | null;
        /** HMAC-SHA-256 of issuer and machine, instance or user, hex. */
        readonly holderHash: string;
        readonly userRef: string | null;
        readonly ttlSeconds: number;
        /** Without a heartbeat the lease lapses then; heartbeats are no events. A borrowed lease ends then. */
        readonly expiresAt: Instant;
        readonly borrow: boolean;
        readonly inUseAfter: number;
        readonly limit: number;
        readonly overage: boolean;
      }
    >
  /** A borrowed lease ends later. */
  | Fact<'LeaseExtended', { readonly leaseId: string; readonly expiresAt: Instant }>
  /** `seatFreeAt`: when the seat returns to the pool, where that is later, because the borrowed license works until then. */
  | Fact<
      'LeaseReleased',
      {
        readonly leaseId: string;
        readonly cause: ReleaseCause;
        readonly inUseAfter: number;
        readonly seatFreeAt: Instant | null;
      }
    >
  | Fact<'LeaseLapsed', { readonly leaseId: string; readonly lastSeenAt: Instant; readonly inUseAfter: number }>
  | Fact<
      'UsageRecorded',
      {
        readonly meter: string;
        readonly quantity: number;
        readonly usageId: string;
        /** As the client says; evidence, never used in a guard. */
        readonly occurredAt: Instant;
        readonly totalAfter: number;
        readonly limit: number;
        readonly overage: boolean;
      }
    >;

/** Lists why a seat is released. */
export const releaseCauses = [
  ...(['USER', 'ADMIN', 'DEACTIVATED', 'PRODUCT_REMOVED', 'LICENSE_REVOKED', 'TRANSFER', 'LIMIT_LOWERED'] as const),
] as const;
export type ReleaseCause = (typeof releaseCauses)[number];
