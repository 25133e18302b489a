import type { Instant } from '../time.ts';
import type { GrantEvent } from './grants/grant-events.ts';
import type { KeyEvent } from './keys/key-events.ts';
import type { LeaseEvent } from './seats/seat-events.ts';
import type { TermEvent } from './term/term-events.ts';

// Events. These names and fields are the stored format, version 1: add, never rename or repurpose. Instants are UTC with
// milliseconds; numbers are safe integers, never floats; no event holds a license key, a name, an e-mail or a host name.

/** Lists what a license is sold as, the lowest first. */
export const tiers = ['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'] as const;
export type Tier = (typeof tiers)[number];

/** Lists why a license is suspended. */
export const suspensionReasons = ['PAYMENT', 'FRAUD', 'CUSTOMER_REQUEST', 'ADMIN', 'LEGAL'] as const;
export type SuspensionReason = (typeof suspensionReasons)[number];

/** Lists from when on a renewal counts. */
export const renewalBases = ['FROM_EXPIRY', 'FROM_NOW', 'FROM_NOW_IF_EXPIRED'] as const;
export type RenewalBasis = (typeof renewalBases)[number];

/** Lists what is said to happen at the end of a term. */
export const renewalModes = ['auto', 'manual', 'cancelAtPeriodEnd'] as const;
export type RenewalMode = (typeof renewalModes)[number];

/** Lists why a device is deactivated. */
export const deactivationCauses = [
  ...(['USER', 'ADMIN', 'SWAP', 'LAPSE', 'PRODUCT_REMOVED', 'LICENSE_REVOKED'] as const),
  ...(['TRANSFER', 'LIMIT_LOWERED', 'EXPIRED'] as const),
] as const;
export type DeactivationCause = (typeof deactivationCauses)[number];

/** How far use may go beyond a limit: not at all, up to a percentage of it (100 and more, rounded up), without end. */
export type Overage =
  | { readonly kind: 'NONE' }
  | { readonly kind: 'RATIO'; readonly percent: number }
  | { readonly kind: 'ALWAYS' };

/** Lists what happens to use above a limit that is lowered. */
export const limitStrategies = ['ALLOW_OVER', 'REJECT', 'EVICT_OLDEST'] as const;
export type LimitStrategy = (typeof limitStrategies)[number];

/** Lists the types of a policy. */
export const policyTypes = ['SUBSCRIPTION', 'TRIAL', 'PERPETUAL'] as const;

/** Lists what an expired license may still do: nothing, run without updates, run fully. */
export const expiryStrategies = ['RESTRICT', 'MAINTAIN', 'ALLOW'] as const;

/** Lists when a device is known again: by its fingerprint alone, or also by any, most or all of its components. */
export const fingerprintMatchings = ['EXACT', 'ANY', 'MOST', 'ALL'] as const;

/** Lists what a seat is counted by. */
export const leaseScopes = ['MACHINE', 'INSTANCE', 'USER'] as const;

/** Lists what happens at the end of a trial. */
export const trialEnds = ['EXPIRE', 'DOWNGRADE'] as const;

/** The policy as it was when the license was issued, pinned whole so that replay never asks the catalog. */
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
  /** Use above the limit stays, the change is refused, or the oldest use is ended. */
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
  /** For how long after its expiry a license may be renewed; absent: for ever. */
  readonly renewUntilSeconds?: number;
  /** How long a license stays valid without a check-in; absent: none is needed. */
  readonly checkInSeconds?: number;
  readonly userRequired?: boolean;
  readonly leaseRequired?: boolean;
  /** The one environment that the license is good for; absent: any. */
  readonly environment?: string;
  /** Versions that the license is good for: from `from`, and before `below`. */
  readonly versions?: { readonly from: string | null; readonly below: string | null };
  /** Whether the vendor takes back the seat of a borrowed lease at once, though the borrowed license still works. */
  readonly reclaimBorrowed?: boolean;
};

/**
 * `ISSUE`: a duration from `startsAt`; `FIXED`: an expiry given outright; `PERPETUAL`: no expiry; `FIRST_ACTIVATION` and
 * `FIRST_VALIDATION`: a duration from then on, so without instants yet. `[startsAt, expiresAt)`. `timeZone`: the issuer's,
 * in whose calendar durations are counted.
 */
export type IssuedTerm = {
  readonly basis: (typeof termBases)[number];
  readonly duration: string | null;
  readonly startsAt: Instant | null;
  readonly expiresAt: Instant | null;
  readonly timeZone: string;
};

/** Lists what the term of a license is counted from. */
export const termBases = ['ISSUE', 'FIXED', 'PERPETUAL', 'FIRST_ACTIVATION', 'FIRST_VALIDATION'] as const;

/** Lists the bases of a term that has a duration. */
export const durationBases = ['ISSUE', 'FIRST_ACTIVATION', 'FIRST_VALIDATION'] as const;
export type DurationBasis = (typeof durationBases)[number];

/** Lists the first uses that a term can begin with. */
export const firstUses = ['FIRST_ACTIVATION', 'FIRST_VALIDATION'] as const;
export type FirstUse = (typeof firstUses)[number];

export type Limits = {
  readonly activations: number;
  readonly seats: number;
  readonly users: number;
  readonly meters: Readonly<Record<string, number>>;
};

/** Lists where an entitlement comes from. */
export const entitlementSources = ['tier', 'product', 'grant', 'trial'] as const;

export type Entitlement = {
  readonly code: string;
  readonly value: string | null;
  readonly limit: number | null;
  readonly until: Instant | null;
  readonly source: (typeof entitlementSources)[number];
};

/** What is known about an event beyond its payload. `effectiveAt` absent: from the moment it is recorded. */
export type Fact<Type extends string, Data> = {
  readonly type: Type;
  readonly data: Data;
  readonly effectiveAt?: Instant;
};

/** A license as it begins. */
export type Origin = {
  readonly licenseId: string;
  readonly issuerOrgId: string;
  readonly holderOrgId: string | null;
  readonly ownerUserRef: string | null;
  readonly policy: PinnedPolicy;
  readonly products: readonly string[];
  readonly term: IssuedTerm;
  readonly limits: Limits;
  readonly entitlements: readonly Entitlement[];
  readonly externalRef: string | null;
  /** Releases before this instant are covered for ever, later ones are not; absent: as the expiry strategy says. */
  readonly maintenanceUntil?: Instant;
  /** The revoked license in whose place this one was issued. */
  readonly replaces?: string;
};

/** Lists which open parts are ended, in the order of their recording: all, those of the removed product, the oldest. */
export const endedParts = ['ALL', 'PRODUCT', 'OLDEST'] as const;

/**
 * What a decisive event ends: from it on, these devices, leases and users neither count nor are listed. Each is
 * announced afterwards by an event of its own, with the decisive event's `effectiveAt` and the owners from before it,
 * in the same append or in later ones. Absent, as in events of version 1: the event ends nothing; what it ended was
 * announced before it.
 */
export type Ends = {
  readonly which: (typeof endedParts)[number];
  readonly activations: number;
  readonly leases: number;
  readonly users: number;
  /** What is in use right after the event. */
  readonly usageAfter: { readonly activations: number; readonly seats: number; readonly users: number };
};

/** Where an imported license comes from, and since when its history before the import is claimed: asserted, not observed. */
export type ImportSource = { readonly source: string; readonly sourceRef: string; readonly historyFrom: Instant };

/** Everything that can happen to a license. */
export type LicenseEvent = CoreEvent | TermEvent | GrantEvent | LeaseEvent | KeyEvent;

type CoreEvent =
  | Fact<'LicenseIssued', Origin>
  | Fact<'LicenseImported', Origin & ImportSource>
  /** `keyHash`: HMAC-SHA-256 of the key's body, hex. `secretId` names the secret it was made with. */
  | Fact<
      'LicenseKeyIssued',
      { readonly keyVersion: number; readonly keyHash: string; readonly secretId: string; readonly hint: string }
    >
  | Fact<
      'ActivationRecorded',
      {
        readonly activationId: string;
        /** HMAC-SHA-256 of issuer and fingerprint, hex. */
        readonly fingerprintHash: string;
        readonly product: string | null;
        /** Reference to the device's name in `vault`. */
        readonly nameRef: string | null;
        readonly platform: string | null;
        readonly appVersion: string | null;
        readonly countAfter: number;
        readonly limit: number;
        /** The activation is above the limit, as the policy allows. */
        readonly overage: boolean;
        /** Hashes of the parts of the device, by name. */
        readonly components?: Readonly<Record<string, string>>;
        readonly userRef?: string;
        readonly environment?: string;
      }
    >
  | Fact<
      'ActivationDeactivated',
      { readonly activationId: string; readonly cause: DeactivationCause; readonly countAfter: number }
    >
  /** With a future `effectiveAt` it is announced, and holds from then on; `eventId` is its own id, to cancel it by. */
  | Fact<
      'LicenseSuspended',
      { readonly reasonCode: SuspensionReason; readonly until: Instant | null; readonly eventId?: string }
    >
  | Fact<'SuspensionReasonAdded', { readonly reasonCode: SuspensionReason; readonly until: Instant | null }>
  | Fact<'LicenseReinstated', { readonly suspendedSince: Instant; readonly suspendedForSeconds: number }>
  | Fact<
      'LicenseRenewed',
      {
        readonly termNumber: number;
        readonly previousExpiresAt: Instant;
        readonly startsAt: Instant;
        readonly expiresAt: Instant;
        readonly basis: RenewalBasis | 'FIXED';
        /** Whole seconds between the previous expiry and the new start: time without a license. */
        readonly gapSeconds: number;
      }
    >
  | Fact<
      'LicenseExpired',
      { readonly termNumber: number; readonly expiresAt: Instant; readonly graceUntil: Instant | null }
    >
  | Fact<'LicenseRevoked', { readonly reasonCode: string; readonly ends?: Ends }>
  /** What the license is called by in the issuer's own books. */
  | Fact<'LicenseReferenceChanged', { readonly from: string | null; readonly to: string | null }>;
