import type { Entitlement } from '../grants/entitlement.ts';
import type { Event } from '../message-shapes.ts';
import type { Dropped, Overrides } from '../overrides/overrides.ts';
import type { PinnedPolicy, Tier } from '../policy.ts';
import type { Maintenance } from '../term/term-events.ts';
import type { Limits } from '../usage/usage-limits.ts';

/** Events about tiers, policies and trials, stored as they are: add, never rename or repurpose. */
export type TierEvent =
  /** Announces a tier change. A `LicenseTierChanged` follows when the worker carries it out. */
  | Event<
      'TierChangeScheduled',
      { readonly eventId: string; readonly from: Tier; readonly target: Target } & BecomingTrial
    >
  /** Changes the policy alone. Events of their own record its consequences. */
  | Event<
      'LicenseTierChanged',
      {
        readonly from: Tier;
        readonly to: Tier;
        readonly policyId: string;
        readonly policyVersion: number;
        readonly policy: PinnedPolicy;
        readonly direction: (typeof tierDirections)[number];
        readonly cause: TierChangeCause;
        /** The `TierChangeScheduled` that announced this change; null: none did. */
        readonly scheduledBy: string | null;
      } & ChangedOverrides &
        Maintenance &
        BecomingTrial
    >
  | Event<
      'TrialConverted',
      {
        readonly toTier: Tier;
        readonly policyId: string;
        readonly policyVersion: number;
        readonly policy: PinnedPolicy;
        readonly daysUsed: number;
        readonly billingRef: string | null;
      } & ChangedOverrides &
        Maintenance
    >;

/** What a change of the policy does to the overrides of a license. Both are absent in the events of earlier builds. */
export type ChangedOverrides = {
  /** What the license has in addition to its policy after the change; absent: the same as before. */
  readonly overrides?: Overrides;
  /** The overrides that the change dropped, the granted entitlements too: no other event ends them. Absent: none. */
  readonly dropped?: Dropped;
};

/**
 * What a license becomes at the end of the trial that it moves to. It is not stored: `decodeLicense` adds the built-in
 * policy FREE. Earlier builds made trials of other licenses, and meant that policy. A target of before wins.
 */
type BecomingTrial = { readonly afterTrial?: Target };

/** The policy that a license moves to, pinned whole, and what it then grants; null keeps what the license has. */
export type Target = {
  readonly policy: PinnedPolicy;
  readonly products: readonly string[] | null;
  readonly limits: Limits | null;
  /** Replaces the entitlements of the sources `tier` and `trial`; those of the other sources stay. */
  readonly entitlements: readonly Entitlement[] | null;
  /**
   * What the change gives in addition to the policy; `limits` and `products` contain it. With `products` the license
   * covers exactly those of the target. Absent, as in earlier builds: nothing.
   */
  readonly overrides?: Overrides;
  /** The license loses the overrides that it has; absent: it keeps them. */
  readonly resetsOverrides?: true;
};

/** Lists how the new tier compares to the old one. */
export const tierDirections = ['UPGRADE', 'DOWNGRADE', 'SAME'] as const;

/** Lists why a license gets another tier. */
export const tierChangeCauses = ['TIER_CHANGED', 'POLICY_CHANGED', 'SCHEDULED', 'TRIAL_ENDED'] as const;
export type TierChangeCause = (typeof tierChangeCauses)[number];
