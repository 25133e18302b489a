import type { RenewalBasis } from './term/term-events.ts';
import type { MeterRules } from './usage/meter-rules.ts';
import type { Overage } from './usage/usage-limits.ts';

/** Lists the tiers of a license, the lowest first. */
export const tiers = ['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'] as const;
export type Tier = (typeof tiers)[number];

/** Lists the types of a policy. */
export const policyTypes = ['SUBSCRIPTION', 'TRIAL', 'PERPETUAL'] as const;

/** Lists what an expired license may still do: nothing, run without updates, run fully. */
export const expiryStrategies = ['RESTRICT', 'MAINTAIN', 'ALLOW'] as const;

/** Lists what happens to use above a limit that is lowered: it stays, the change is refused, or the oldest use ends. */
export const limitStrategies = ['ALLOW_OVER', 'REJECT', 'EVICT_OLDEST'] as const;
export type LimitStrategy = (typeof limitStrategies)[number];

/** Lists how a device is recognized: by its fingerprint alone, or also by any, most or all of its components. */
export const fingerprintMatchings = ['EXACT', 'ANY', 'MOST', 'ALL'] as const;

/** Lists among which licenses a device may be active on one only: itself, its policy, each product, the issuer. */
export const fingerprintUniquenesses = ['LICENSE', 'POLICY', 'PRODUCT', 'ISSUER'] as const;

/** Lists which recorded components must still match for the right fingerprint: none, any, two, more than half, all. */
export const componentChecks = ['NONE', 'ANY', 'TWO', 'MOST', 'ALL'] as const;

/** Lists what occupies a seat. */
export const leaseScopes = ['MACHINE', 'INSTANCE', 'USER'] as const;

/** Lists what happens at the end of a trial. */
export const trialEnds = ['EXPIRE', 'DOWNGRADE'] as const;

/** Lists what a conversion does with the remaining days of a trial: the paid term adds them, or they end. */
export const trialDaysRules = ['KEEP', 'DROP'] as const;

/** Lists the variations of an e-mail address that may be one person's: a `+tag`, dots and the case before the @. */
export const trialAddressVariations = ['TAG', 'DOTS', 'CASE'] as const;
export type TrialAddressVariation = (typeof trialAddressVariations)[number];

/** Lists which devices and seats the bearer of the key may name by their ids alone: any, or none but its own. */
export const keyReaches = ['ANY', 'OWN'] as const;

/** The policy of a license, copied whole when the license is issued, so that replay never reads the catalog. */
export type PinnedPolicy = {
  readonly policyId: string;
  readonly version: number;
  readonly tier: Tier;
  readonly type: (typeof policyTypes)[number];
  readonly expiryStrategy: (typeof expiryStrategies)[number];
  readonly expiryGraceSeconds: number;
  readonly validationTtlSeconds: number;
  readonly offlineGraceSeconds: number;
  readonly overage: Overage;
  readonly limitStrategy: LimitStrategy;
  readonly deactivation: {
    readonly allowed: boolean;
    readonly cooldownSeconds: number;
    readonly maxPerTerm: number | null;
  };
  readonly fingerprintMatching: (typeof fingerprintMatchings)[number];
  readonly fingerprintRequired: boolean;
  readonly productRequired: boolean;
  readonly lease: {
    readonly scope: (typeof leaseScopes)[number];
    readonly ttlSeconds: number;
    readonly resurrectSeconds: number;
    readonly borrowMaxSeconds: number;
  };
  readonly heartbeatSeconds: number | null;
  readonly remindBefore: readonly string[];
  readonly trialEnd: (typeof trialEnds)[number];
  readonly reinstateOnPayment: boolean;
  readonly transferable: boolean;
  /** For how long after its expiry a license may be renewed; absent: without limit. */
  readonly renewUntilSeconds?: number;
  /** What `renew` adds without a duration; absent: the duration of the last term, or of the policy in the catalog. */
  readonly renewalDuration?: string;
  /** Where `renew` counts from without a basis; absent: `renewalTerms` decides. */
  readonly renewalBasis?: RenewalBasis;
  /** How long a license stays valid without a check-in; absent: it needs none. */
  readonly checkInSeconds?: number;
  /** Whether a validation must name the version; absent: it need not. */
  readonly versionRequired?: boolean;
  /** Whether a validation must name the environment; absent: it need not. */
  readonly environmentRequired?: boolean;
  readonly userRequired?: boolean;
  /** Whether a validation must name the version with the instant of its release; absent: it need not. */
  readonly releasedAtRequired?: boolean;
  readonly leaseRequired?: boolean;
  /** The only environment that the license is valid in; absent: any. */
  readonly environment?: string;
  /** Versions of the application that the license covers, by SemVer: from `from` on, and before `below`. */
  readonly versions?: { readonly from: string | null; readonly below: string | null };
  /** True when the seat of a released borrowed lease is free at once, although the borrowed license still works. */
  readonly reclaimBorrowed?: boolean;
  /** True when unassigning a user ends the devices that were activated for the user; absent: they stay. */
  readonly deactivateOnUnassign?: boolean;
  /** How many devices may be active for one user. A device is then activated for a user. Absent: without limit. */
  readonly devicesPerUser?: number;
  /** After how many days without a contact the worker deactivates a device, such as P90D. Absent: never. */
  readonly deactivateUnseenAfter?: string;
  /**
   * OWN: the bearer of the key releases, swaps or keeps a device or seat only with its fingerprint or holder. Absent:
   * ANY, so its id is enough.
   */
  readonly deactivateByKey?: (typeof keyReaches)[number];
  /**
   * Whether the bearer of the key sees the names of devices in the refusal of a full license, and of a device that only
   * its components match. Absent, as in policies from before this field: names are shown, and seats are not listed.
   */
  readonly deviceNamesByKey?: boolean;
  /** True when the denials of a license keep the network of the client; absent: they keep no address. */
  readonly keepAddressPrefix?: boolean;
  /**
   * How many components of a device must match besides its fingerprint. Absent: NONE. TWO of one component means one.
   */
  readonly componentCheck?: (typeof componentChecks)[number];
  /**
   * Among which licenses a device may be active on one only. Absent: LICENSE, so other licenses do not matter. A wider
   * scope binds only the licenses under policies with it.
   */
  readonly fingerprintUniqueness?: (typeof fingerprintUniquenesses)[number];
  /**
   * KEEP: the duration of the first paid term counts from the end of the running trial. Absent: DROP, so it counts from
   * the conversion.
   */
  readonly trialDays?: (typeof trialDaysRules)[number];
  /**
   * How long each term brings new releases: `TERM` until its end, or an ISO 8601 duration from its start. Absent: a
   * term does not move the maintenance, and a change to this policy ends the one that another policy gave.
   */
  readonly maintenance?: string;
  /** The variations of the address of a trial that make no other person; absent: none, the addresses must differ. */
  readonly trialAddressIgnores?: readonly TrialAddressVariation[];
  /**
   * How many entries of usage a license may record in one minute of the clock; absent: `usagePerMinuteDefault`. More
   * wait for the next minute.
   */
  readonly usagePerMinute?: number;
  /** When the meters of the policy reset, and their own overage. A meter that is absent counts for the term. */
  readonly meterRules?: MeterRules;
};
