import type { Instant } from '../../time.ts';
import type { Event } from '../message-shapes.ts';

/**
 * The maintenance after an event about the term or the policy. Absent: it stays. Null: it has no end of its own.
 */
export type Maintenance = { readonly maintenanceUntil?: Instant | null };

/** Events about when a license is valid, stored as they are: add, never rename or repurpose. */
export type TermEvent =
  /** A term starts other than by issue or renewal. `expiresAt` null: it has no end. */
  | Event<
      'LicenseTermStarted',
      {
        readonly termNumber: number;
        readonly startsAt: Instant;
        readonly expiresAt: Instant | null;
        readonly trigger: TermTrigger;
        /** Where the duration was counted from, such as the end of a converted trial; absent: from `startsAt`. */
        readonly countedFrom?: Instant;
        /** The duration of the first paid term. Absent: it has a fixed end or none, or an earlier build started it. */
        readonly duration?: string;
        /** The payment of a term that a change of tier started; absent: none was named. */
        readonly billingRef?: string;
      } & Maintenance
    >
  | Event<
      'LicenseRenewed',
      {
        readonly termNumber: number;
        readonly previousExpiresAt: Instant;
        readonly startsAt: Instant;
        readonly expiresAt: Instant;
        readonly basis: RenewalBasis | 'FIXED';
        /** Whole seconds between the previous expiry and the new start: time without a license. */
        readonly gapSeconds: number;
        /** The payment of the term, unique within the license; absent: the request named none. */
        readonly billingRef?: string;
        /**
         * The duration of the term, stored with `billingRef` to recognize a repetition. Absent: the renewal named an end,
         * or it has no `billingRef` and the duration of the last term. Earlier builds store it with `billingRef` only.
         */
        readonly duration?: string;
      } & Maintenance
    >
  /** Moves the end of the term. `to` null: the license has no end; earlier builds always name one. */
  | Event<
      'LicenseExpiryChanged',
      { readonly termNumber: number; readonly from: Instant | null; readonly to: Instant | null } & Maintenance
    >
  /**
   * The license covers releases before `to`. Null: the maintenance is sold for ever, so no later term gives it an end.
   * `from` is `to` when the issuer names the end that the policy gave.
   */
  | Event<'LicenseMaintenanceChanged', { readonly from: Instant | null; readonly to: Instant | null }>
  /** `eventId`: the event's own id when the change is announced for the future; null when it takes effect at once. */
  | Event<
      'LicenseRenewalChanged',
      { readonly from: RenewalMode; readonly to: RenewalMode; readonly eventId: string | null }
    >
  | Event<
      'LicenseExpired',
      { readonly termNumber: number; readonly expiresAt: Instant; readonly graceUntil: Instant | null }
    >
  | Event<'LicenseGraceEnded', { readonly termNumber: number; readonly graceUntil: Instant }>
  /** `offset`: how long before the expiry this reminder was due, as the policy writes it. */
  | Event<'LicenseExpiringSoon', { readonly termNumber: number; readonly expiresAt: Instant; readonly offset: string }>;

/**
 * Lists what a term can wait for: `FIRST_ACTIVATION`, the first device or seat; `FIRST_VALIDATION`, the first
 * validation, device, seat or usage. As the trigger of a start, what the term waited for.
 */
export const firstUses = ['FIRST_ACTIVATION', 'FIRST_VALIDATION'] as const;
export type FirstUse = (typeof firstUses)[number];

/** Lists what starts a term, other than issue and renewal. */
export const termTriggers = [...firstUses, 'TRIAL_CONVERTED', 'TRIAL_ENDED', 'TRANSFER', 'TIER_CHANGED'] as const;
export type TermTrigger = (typeof termTriggers)[number];

/** Lists the instants that a renewal can start from. */
export const renewalBases = ['FROM_EXPIRY', 'FROM_NOW', 'FROM_NOW_IF_EXPIRED'] as const;
export type RenewalBasis = (typeof renewalBases)[number];

/** Lists what the issuer intends for the end of a term. */
export const renewalModes = ['auto', 'manual', 'cancelAtPeriodEnd'] as const;
export type RenewalMode = (typeof renewalModes)[number];
