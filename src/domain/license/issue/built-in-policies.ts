import type { Entitlement } from '../grants/entitlement.ts';
import type { PinnedPolicy, Tier } from '../policy.ts';
import type { Limits } from '../usage/usage-limits.ts';

/** The default content of a license of a tier. */
export type TierDefaults = {
  readonly term: { readonly kind: 'perpetual' } | { readonly kind: 'duration'; readonly duration: string };
  readonly limits: Limits;
  readonly entitlements: readonly Entitlement[];
};

/**
 * Returns the built-in policy of a tier, version 1, with the issuer's `policyId`. It never changes: licenses have
 * copies.
 */
export const builtInPolicy = (tier: Tier, policyId: string): PinnedPolicy => ({
  ...common,
  ...ofTier[tier],
  policyId,
  tier,
});

/** The default term, limits and entitlements of the built-in policy of each tier. */
export const builtInDefaults: Readonly<Record<Tier, TierDefaults>> = {
  FREE: { term: { kind: 'perpetual' }, limits: { activations: 1, seats: 0, users: 0, meters: {} }, entitlements: [] },
  TRIAL: {
    term: { kind: 'duration', duration: 'P14D' },
    limits: { activations: 2, seats: 0, users: 0, meters: {} },
    entitlements: [],
  },
  PRO: {
    term: { kind: 'duration', duration: 'P1Y' },
    limits: { activations: 5, seats: 0, users: 0, meters: {} },
    entitlements: [],
  },
  ENTERPRISE: {
    term: { kind: 'duration', duration: 'P1Y' },
    limits: { activations: 100, seats: 0, users: 0, meters: {} },
    entitlements: [],
  },
};

const daySeconds = 86_400;

const common = {
  version: 1,
  expiryStrategy: 'RESTRICT',
  expiryGraceSeconds: 0,
  validationTtlSeconds: daySeconds,
  overage: { kind: 'NONE' },
  limitStrategy: 'ALLOW_OVER',
  deactivation: { allowed: true, cooldownSeconds: 0, maxPerTerm: null },
  fingerprintMatching: 'EXACT',
  fingerprintRequired: false,
  productRequired: false,
  lease: { scope: 'MACHINE', ttlSeconds: 360, resurrectSeconds: 0, borrowMaxSeconds: 0 },
  heartbeatSeconds: null,
  trialEnd: 'EXPIRE',
  deviceNamesByKey: false,
} as const;

const ofTier = {
  FREE: {
    type: 'PERPETUAL',
    offlineGraceSeconds: daySeconds,
    remindBefore: [],
    reinstateOnPayment: true,
    transferable: false,
  },
  TRIAL: {
    type: 'TRIAL',
    offlineGraceSeconds: daySeconds,
    remindBefore: ['P3D', 'P1D'],
    reinstateOnPayment: true,
    transferable: false,
    trialEnd: 'DOWNGRADE',
  },
  PRO: {
    type: 'SUBSCRIPTION',
    offlineGraceSeconds: 3 * daySeconds,
    remindBefore: ['P30D', 'P7D', 'P1D'],
    reinstateOnPayment: true,
    transferable: true,
  },
  ENTERPRISE: {
    type: 'SUBSCRIPTION',
    offlineGraceSeconds: 7 * daySeconds,
    remindBefore: ['P30D', 'P7D', 'P1D'],
    reinstateOnPayment: true,
    transferable: true,
  },
} as const;
