import type { Instant } from '../../time.ts';
import type { Command } from '../message-shapes.ts';
import type { Schedule } from '../scheduled/scheduled-commands.ts';
import type { FirstUse, RenewalBasis, RenewalMode } from './term-events.ts';

/** Commands about when a license is valid. */
export type TermCommand =
  /** Starts the term that waits for this first use. */
  | Command<'StartTerm', { readonly trigger: FirstUse }>
  /** `billingRef`: the payment. The license renews once for it; absent: the renewal is not recognized when it repeats. */
  | Command<
      'Renew',
      (RenewalDuration | { readonly expiresAt: Instant }) & {
        readonly reasonCode: string | null;
        readonly billingRef?: string;
      }
    >
  /** `to` null: the term has no end. */
  | Command<'ChangeExpiry', { readonly to: Instant | null; readonly reasonCode: string }>
  /** `to` null: the maintenance has no end of its own. */
  | Command<'ChangeMaintenance', { readonly to: Instant | null; readonly reasonCode: string }>
  | Command<'SetRenewal', { readonly to: RenewalMode; readonly scheduled?: Schedule }>
  /** The worker sends it: announces that term `termNumber` has expired. */
  | Command<'Expire', { readonly termNumber: number }>
  /** The worker sends it: announces that the grace after term `termNumber` has ended. */
  | Command<'EndGrace', { readonly termNumber: number }>
  /** The worker sends it: announces that the expiry comes near. `offset`: one of the policy's. */
  | Command<'Remind', { readonly termNumber: number; readonly offset: string }>;

/** The next term by its duration. `renewalTerms` decides what the request leaves out. */
export type RenewalDuration = {
  readonly duration?: string;
  readonly basis?: RenewalBasis;
  /** The duration of the license's policy in the catalog, which the caller has read. */
  readonly policyDuration?: string;
};
