import type { Instant } from '../../time.ts';
import type { Command } from '../message-shapes.ts';

/** Commands about floating seats. */
export type SeatCommand =
  /**
   * `holderHash`: hash of the machine, instance or user that the policy's scope counts. `borrowSeconds`: how long the
   * holder uses the lease offline. `dead`: leases with a last heartbeat that is too old, so their seats are free.
   */
  | Command<
      'AcquireLease',
      {
        readonly leaseId: string;
        readonly holderHash: string;
        readonly product: string | null;
        readonly userRef: string | null;
        readonly borrowSeconds: number | null;
        readonly dead: readonly LastSeen[];
      }
    >
  /** A heartbeat. With `borrowSeconds` it extends a borrowed lease from now on. */
  | Command<'RenewLease', { readonly leaseId: string; readonly borrowSeconds: number | null }>
  | Command<'ReleaseLease', { readonly leaseId: string; readonly by: 'USER' | 'ADMIN' }>
  /** The worker sends it: ends a lease without a heartbeat for its time to live. */
  | Command<'LapseLease', LastSeen>;

/** When the last heartbeat of a lease arrived. */
export type LastSeen = { readonly leaseId: string; readonly lastSeenAt: Instant };
