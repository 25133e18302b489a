import type { Instant } from '../time.ts';

// Events. These names and fields are the stored format, version 1: add, never rename or repurpose. Instants are UTC with
// milliseconds; numbers are safe integers, never floats; no event holds a license key, a name, an e-mail or a host name.

export type Tier = 'FREE' | 'TRIAL' | 'PRO' | 'ENTERPRISE';
export type SuspensionReason = 'PAYMENT' | 'FRAUD' | 'CUSTOMER_REQUEST' | 'ADMIN' | 'LEGAL';
export type RenewalBasis = 'FROM_EXPIRY' | 'FROM_NOW' | 'FROM_NOW_IF_EXPIRED';
export type DeactivationCause = 'USER' | 'ADMIN' | 'LICENSE_REVOKED';

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
  readonly overage: { readonly kind: 'NONE' };
  readonly limitStrategy: 'ALLOW_OVER' | 'REJECT' | 'EVICT_OLDEST';
  readonly deactivation: {
    readonly allowed: boolean;
    readonly cooldownSeconds: number;
    readonly maxPerTerm: number | null;
  };
  readonly fingerprintMatching: 'EXACT';
  readonly fingerprintRequired: boolean;
  readonly productRequired: boolean;
  readonly lease: {
    readonly scope: 'MACHINE';
    readonly ttlSeconds: number;
    readonly resurrectSeconds: number;
    readonly borrowMaxSeconds: number;
  };
  readonly heartbeatSeconds: number | null;
  readonly remindBefore: readonly string[];
  readonly trialEnd: 'EXPIRE';
  readonly reinstateOnPayment: boolean;
  readonly transferable: boolean;
};

/** `ISSUE`: a duration from `startsAt`; `FIXED`: an expiry given outright; `PERPETUAL`: no expiry. `[startsAt, expiresAt)`. */
export type IssuedTerm = {
  readonly basis: 'ISSUE' | 'FIXED' | 'PERPETUAL';
  readonly duration: string | null;
  readonly startsAt: Instant;
  readonly expiresAt: Instant | null;
  readonly timeZone: 'UTC';
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
  readonly source: 'tier' | 'product' | 'grant';
};

/** What is known about an event beyond its payload. `effectiveAt` absent: from the moment it is recorded. */
type Fact<Type extends string, Data> = { readonly type: Type; readonly data: Data; readonly effectiveAt?: Instant };

export type LicenseEvent =
  | Fact<
      'LicenseIssued',
      {
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
      }
    >
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
        readonly overage: boolean;
      }
    >
  | Fact<
      'ActivationDeactivated',
      { readonly activationId: string; readonly cause: DeactivationCause; readonly countAfter: number }
    >
  | Fact<'LicenseSuspended', { readonly reasonCode: SuspensionReason; readonly until: Instant | null }>
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
  | Fact<'LicenseRevoked', { readonly reasonCode: string }>;
