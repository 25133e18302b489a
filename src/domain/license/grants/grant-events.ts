import type { Ends, Entitlement, Fact, LimitStrategy, Limits, PinnedPolicy, Tier } from '../events.ts';

/** What a license is to become: a policy, pinned whole, and what it grants; null keeps what the license has. */
export type Target = {
  readonly policy: PinnedPolicy;
  readonly products: readonly string[] | null;
  readonly limits: Limits | null;
  /** Those of the sources `tier` and `trial`; grants and those of products stay. */
  readonly entitlements: readonly Entitlement[] | null;
};

/** Events about what a license grants and to whom, stored as they are: add, never rename or repurpose. */
export type GrantEvent =
  | Fact<
      'UserAssigned',
      { readonly userRef: string; readonly countAfter: number; readonly limit: number; readonly overage: boolean }
    >
  | Fact<'UserUnassigned', { readonly userRef: string; readonly cause: UnassignmentCause; readonly countAfter: number }>
  | Fact<
      'LicenseLimitsChanged',
      { readonly before: Limits; readonly after: Limits; readonly strategy: LimitStrategy; readonly ends?: Ends }
    >
  /** One code may be granted by several sources; each has its own value, limit and end. */
  | Fact<'EntitlementGranted', Entitlement>
  | Fact<'EntitlementRevoked', { readonly code: string; readonly source: Entitlement['source'] }>
  | Fact<'ProductAdded', { readonly product: string }>
  | Fact<'ProductRemoved', { readonly product: string; readonly ends?: Ends }>
  /** The policy alone; what else it changes follows in events of its own. */
  | Fact<
      'LicenseTierChanged',
      {
        readonly from: Tier;
        readonly to: Tier;
        readonly policyId: string;
        readonly policyVersion: number;
        readonly policy: PinnedPolicy;
        readonly direction: (typeof tierDirections)[number];
        readonly cause: TierChangeCause;
        /** The `TierChangeScheduled` that is carried out; null: none. */
        readonly scheduledBy: string | null;
      }
    >
  | Fact<
      'TrialConverted',
      {
        readonly toTier: Tier;
        readonly policyId: string;
        readonly policyVersion: number;
        readonly policy: PinnedPolicy;
        readonly daysUsed: number;
        readonly billingRef: string | null;
      }
    >;

/** Lists whether another tier is higher. */
export const tierDirections = ['UPGRADE', 'DOWNGRADE', 'SAME'] as const;

/** Lists why a user is unassigned. */
export const unassignmentCauses = ['ADMIN', 'USER', 'LIMIT_LOWERED', 'TRANSFER', 'LICENSE_REVOKED'] as const;
export type UnassignmentCause = (typeof unassignmentCauses)[number];

/** Lists why a license gets another tier. */
export const tierChangeCauses = ['TIER_CHANGED', 'POLICY_CHANGED', 'SCHEDULED', 'TRIAL_ENDED'] as const;
export type TierChangeCause = (typeof tierChangeCauses)[number];
