import type { Instant } from '../../time.ts';
import { type Fact, firstUses, type PinnedPolicy, type RenewalMode } from '../events.ts';
import type { Target } from '../grants/grant-events.ts';

/** Events about when a license holds, stored as they are: add, never rename or repurpose. */
export type TermEvent =
  /** A term begins other than by issue or renewal. `expiresAt` null: it has no end. */
  | Fact<
      'LicenseTermStarted',
      {
        readonly termNumber: number;
        readonly startsAt: Instant;
        readonly expiresAt: Instant | null;
        readonly trigger: TermTrigger;
      }
    >
  | Fact<'LicenseExpiryChanged', { readonly termNumber: number; readonly from: Instant | null; readonly to: Instant }>
  /** `eventId`: its own id, where it is announced for the future; null where it holds at once. */
  | Fact<
      'LicenseRenewalChanged',
      { readonly from: RenewalMode; readonly to: RenewalMode; readonly eventId: string | null }
    >
  | Fact<'LicenseGraceEnded', { readonly termNumber: number; readonly graceUntil: Instant }>
  /** `offset`: how long before the expiry this reminder was due, as the policy writes it. */
  | Fact<'LicenseExpiringSoon', { readonly termNumber: number; readonly expiresAt: Instant; readonly offset: string }>
  /** A change with consequences is announced; a `LicenseTierChanged` follows when it is carried out. */
  | Fact<
      'TierChangeScheduled',
      { readonly eventId: string; readonly from: PinnedPolicy['tier']; readonly target: Target }
    >
  /** `eventId`: of the event that announced the change. */
  | Fact<'ScheduledChangeCancelled', { readonly eventId: string }>;

/** Lists what a term begins with, other than issue and renewal. */
export const termTriggers = [...firstUses, 'TRIAL_CONVERTED', 'TRIAL_ENDED', 'TRANSFER'] as const;
export type TermTrigger = (typeof termTriggers)[number];
