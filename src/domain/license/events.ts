import type { Instant } from '../time.ts';
import type { GrantEvent } from './events-grant.ts';
import type { KeyEvent } from './events-key.ts';
import type { LeaseEvent } from './events-lease.ts';
import type { TermEvent } from './events-term.ts';

// Events. These names and fields are the stored format, version 1: add, never rename or repurpose. Instants are UTC with
// milliseconds; numbers are safe integers, never floats; no event holds a license key, a name, an e-mail or a host name.

export type Tier = 'FREE' | 'TRIAL' | 'PRO' | 'ENTERPRISE';
export type SuspensionReason = 'PAYMENT' | 'FRAUD' | 'CUSTOMER_REQUEST' | 'ADMIN' | 'LEGAL';
export type RenewalBasis = 'FROM_EXPIRY' | 'FROM_NOW' | 'FROM_NOW_IF_EXPIRED';
export type RenewalMode = 'auto' | 'manual' | 'cancelAtPeriodEnd';
export type DeactivationCause =
  | 'USER'
  | 'ADMIN'
  | 'SWAP'
  | 'LAPSE'
  | 'PRODUCT_REMOVED'
  | 'LICENSE_REVOKED'
  | 'TRANSFER'
  | 'LIMIT_LOWERED'
  | 'EXPIRED';

/** How far use may go beyond a limit: not at all, up to a percentage of it (100 and more, rounded up), without end. */
export type Overage =
  | { readonly kind: 'NONE' }
  | { readonly kind: 'RATIO'; readonly percent: number }
  | { readonly kind: 'ALWAYS' };
export type LimitStrategy = 'ALLOW_OVER' | 'REJECT' | 'EVICT_OLDEST';

/** The policy as it was when the license was issued, pinned whole so that replay never asks the catalog. */
export type PinnedPolicy = {
  readonly policyId: string;
  readonly version: number;
  readonly tier: Tier;
  readonly type: 'SUBSCRIPTION' | 'TRIAL' | 'PERPETUAL';
  /** What an expired license may still do: nothing, run without updates, run fully. */
  readonly expiryStrategy: 'RESTRICT' | 'MAINTAIN' | 'ALLOW';
  readonly expiryGraceSeconds: number;
  readonly validationTtlSeconds: number;
  readonly offlineGraceSeconds: number;
  readonly overage: Overage;
  /** What happens to use above a limit that is lowered: it stays, the change is refused, the oldest use is ended. */
  readonly limitStrategy: LimitStrategy;
  readonly deactivation: {
    readonly allowed: boolean;
    readonly cooldownSeconds: number;
    readonly maxPerTerm: number | null;
  };
  /** When a device is known again: by its fingerprint alone, or also by any, most or all of its components. */
  readonly fingerprintMatching: 'EXACT' | 'ANY' | 'MOST' | 'ALL';
  readonly fingerprintRequired: boolean;
  readonly productRequired: boolean;
  readonly lease: {
    readonly scope: 'MACHINE' | 'INSTANCE' | 'USER';
    readonly ttlSeconds: number;
    readonly resurrectSeconds: number;
    readonly borrowMaxSeconds: number;
  };
  readonly heartbeatSeconds: number | null;
  readonly remindBefore: readonly string[];
  readonly trialEnd: 'EXPIRE' | 'DOWNGRADE';
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
  readonly basis: 'ISSUE' | 'FIXED' | 'PERPETUAL' | 'FIRST_ACTIVATION' | 'FIRST_VALIDATION';
  readonly duration: string | null;
  readonly startsAt: Instant | null;
  readonly expiresAt: Instant | null;
  readonly timeZone: string;
};

export type Limits = {
  readonly activations: number;
  readonly seats: number;
  readonly users: number;
  readonly meters: Readonly<Record<string, number>>;
};

export type Entitlement = {
  readonly code: string;
  readonly value: string | null;
  readonly limit: number | null;
  readonly until: Instant | null;
  readonly source: 'tier' | 'product' | 'grant' | 'trial';
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

/**
 * What a decisive event ends: from it on, these devices, leases and users neither count nor are listed. Each is
 * announced afterwards by an event of its own, with the decisive event's `effectiveAt` and the owners from before it,
 * in the same append or in later ones. Absent, as in events of version 1: the event ends nothing; what it ended was
 * announced before it.
 */
export type Ends = {
  /** Which open ones, in the order of their recording: all, those of the removed product, or so many of the oldest. */
  readonly which: 'ALL' | 'PRODUCT' | 'OLDEST';
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
