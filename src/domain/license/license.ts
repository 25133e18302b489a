import type { Instant } from '../time.ts';
import type { Entitlement, Limits, PinnedPolicy, SuspensionReason } from './events.ts';

/** One device bound to a license. */
export type Activation = {
  readonly activationId: string;
  readonly fingerprintHash: string;
  readonly product: string | null;
  readonly nameRef: string | null;
  readonly platform: string | null;
  readonly appVersion: string | null;
  readonly activatedAt: Instant;
};

export type Suspension = {
  /** Of several grounds the one that holds longest, the earlier one when they end together. */
  readonly reasonCode: SuspensionReason;
  readonly since: Instant;
  /** The suspension ends by itself at this instant; null: until it is reinstated. */
  readonly until: Instant | null;
};

/**
 * The current term, `[startsAt, expiresAt)`; `expiresAt` null is perpetual. `number` grows by one with each renewal.
 * `startsAt` is the start of the unbroken run of terms that ends with this one: a renewal that is stacked on a running
 * term must not make the license invalid until the old term is over.
 */
export type Term = { readonly number: number; readonly startsAt: Instant; readonly expiresAt: Instant | null };

/**
 * A license without its collections: what one row of `rm.licenses` holds and what answers are made of, so that a folded
 * stream and a read-model row are the same type. Immutable.
 */
export type LicenseFacts = {
  readonly licenseId: string;
  readonly issuerOrgId: string;
  readonly holderOrgId: string | null;
  readonly ownerUserRef: string | null;
  readonly policy: PinnedPolicy;
  readonly products: readonly string[];
  readonly term: Term;
  /** The number of the last term whose expiry was announced by `LicenseExpired`; 0: none. */
  readonly announcedTerm: number;
  readonly limits: Limits;
  readonly entitlements: readonly Entitlement[];
  readonly externalRef: string | null;
  readonly suspension: Suspension | null;
  readonly revokedAt: Instant | null;
  readonly usage: { readonly activations: number };
  readonly keyVersion: number;
  readonly keyHint: string | null;
  readonly createdAt: Instant;
};

/** The state of a license stream that decisions are made on. */
export type License = { readonly kind: 'unissued' } | IssuedLicense;

/** A license that was issued: its facts and the collections that guards ask about. Owned by the fold, changed in place. */
export type IssuedLicense = {
  readonly kind: 'issued';
  facts: LicenseFacts;
  /** Open activations by activation id, in the order of their recording. */
  readonly activations: Map<string, Activation>;
  /** Activation id by fingerprint hash, open activations only. */
  readonly byFingerprint: Map<string, string>;
  /** Activation ids and fingerprint hashes that were ever deactivated, so that a repeat is known from a mistake. */
  readonly deactivated: Set<string>;
  /** Deactivations by the holder of the key since the last renewal, and the last instant of one: allowance and cooldown. */
  deactivationsInTerm: number;
  lastDeactivatedAt: Instant | null;
  /** Every ground of the latest suspension and the instant it ends by itself; null: when it is reinstated. */
  readonly suspendedFor: Map<SuspensionReason, Instant | null>;
  /** Where the months of stacked renewals are counted from: 31 Jan, 28 Feb, 31 Mar. */
  calendarAnchor: Instant;
};
