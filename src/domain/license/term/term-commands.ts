import type { Instant } from '../../time.ts';
import type { Command, Schedule } from '../commands.ts';
import type { FirstUse, RenewalMode } from '../events.ts';
import type { Target } from '../grants/grant-events.ts';

/** Commands about when a license holds. */
export type TermCommand =
  /** Begins the term that waits for this. */
  | Command<'StartTerm', { readonly trigger: FirstUse }>
  | Command<'ChangeExpiry', { readonly to: Instant; readonly reasonCode: string }>
  | Command<'SetRenewal', { readonly to: RenewalMode; readonly scheduled?: Schedule }>
  | Command<'CancelScheduled', { readonly eventId: string }>
  /** Sent by the worker: carries out a tier change whose time has come. */
  | Command<'CarryOutScheduled', { readonly eventId: string }>
  /** Sent by the worker: announces that the grace after term `termNumber` is over. */
  | Command<'EndGrace', { readonly termNumber: number }>
  /** Sent by the worker: announces that the expiry comes near. `offset`: one of the policy's. */
  | Command<'Remind', { readonly termNumber: number; readonly offset: string }>
  /** Sent by the worker: ends a trial that has run out. `downgrade`: what the license becomes, where the policy says so. */
  | Command<'EndTrial', { readonly termNumber: number; readonly downgrade: Target }>;
