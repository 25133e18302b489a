import type { Instant } from '../../time.ts';
import type { Command } from '../commands.ts';

/** Commands about floating seats and metered use. */
export type LeaseCommand =
  /**
   * `holderHash`: of the machine, instance or user that the policy's scope counts. `borrowSeconds`: to use it offline for so
   * long. `dead`: leases whose last heartbeat is known to be too old, whose seats are free.
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
  /** A heartbeat; of a borrowed lease, with `borrowSeconds`, its extension from now on. */
  | Command<'RenewLease', { readonly leaseId: string; readonly borrowSeconds: number | null }>
  | Command<'ReleaseLease', { readonly leaseId: string; readonly by: 'USER' | 'ADMIN' }>
  /** Sent by the worker: ends a lease that was not heard of for its time to live. */
  | Command<'LapseLease', LastSeen>
  /** `occurredAt`: as the client says. */
  | Command<
      'RecordUsage',
      { readonly meter: string; readonly quantity: number; readonly usageId: string; readonly occurredAt: Instant }
    >;

/** When a lease was last heard of. */
export type LastSeen = { readonly leaseId: string; readonly lastSeenAt: Instant };
