import type { Instant } from '../../time.ts';
import type { ByKey } from '../devices/device-commands.ts';
import type { Command } from '../message-shapes.ts';

/** Commands about floating seats. */
export type SeatCommand =
  /**
   * `holderHash`: hash of the machine, instance or user that the policy's scope counts. `borrowSeconds`: how long the
   * holder uses the lease offline. `otherHashes`: the other hashes that the holder may be stored under. `dead`: leases with a last heartbeat that is too old, so their seats are free.
   */
  | Command<
      'AcquireLease',
      {
        readonly leaseId: string;
        readonly holderHash: string;
        readonly otherHashes?: readonly string[];
        readonly product: string | null;
        readonly userRef: string | null;
        /** Where the seat is used. It is compared with the policy, and not recorded. */
        readonly environment?: string;
        readonly borrowSeconds: number | null;
        readonly dead: readonly LastSeen[];
      }
    >
  /** A heartbeat. With `borrowSeconds` it extends a borrowed lease from now on. */
  | Command<'RenewLease', { readonly borrowSeconds: number | null } & LeaseName & ByKey>
  | Command<'ReleaseLease', { readonly by: 'USER' | 'ADMIN' } & LeaseName & ByKey>
  /** The worker sends it: ends a lease without a heartbeat for its time to live. */
  | Command<'LapseLease', LastSeen>;

/** The name of a lease. With `holderHash`, the lease must be of this holder. */
export type LeaseName = { readonly leaseId: string; readonly holderHash?: string };

/** When the last heartbeat of a lease arrived. */
export type LastSeen = { readonly leaseId: string; readonly lastSeenAt: Instant };
