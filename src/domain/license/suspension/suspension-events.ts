import type { Instant } from '../../time.ts';
import type { Event } from '../message-shapes.ts';

/** Events about suspensions, stored as they are: add, never rename or repurpose. */
export type SuspensionEvent =
  /**
   * With a future `effectiveAt` the event announces the suspension, which starts then. `eventId` is the event's own id,
   * which cancels the suspension.
   */
  | Event<
      'LicenseSuspended',
      { readonly reasonCode: SuspensionReason; readonly until: Instant | null; readonly eventId?: string }
    >
  | Event<'SuspensionReasonAdded', { readonly reasonCode: SuspensionReason; readonly until: Instant | null }>
  /** By the program, with the instant of the end as `effectiveAt`: the suspension ended by itself. */
  | Event<'LicenseReinstated', { readonly suspendedSince: Instant; readonly suspendedForSeconds: number }>;

/** Lists the reasons to suspend a license. */
export const suspensionReasons = ['PAYMENT', 'FRAUD', 'CUSTOMER_REQUEST', 'ADMIN', 'LEGAL'] as const;
export type SuspensionReason = (typeof suspensionReasons)[number];
