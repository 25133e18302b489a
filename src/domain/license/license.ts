import type { ForkableMap } from '../forkable-map.ts';
import type { Instant } from '../time.ts';
import type { Entitlement } from './grants/entitlement.ts';
import type { ImportSource } from './issue/issue-events.ts';
import type { PinnedPolicy, Tier } from './policy.ts';
import type { SuspensionReason } from './suspension/suspension-events.ts';
import type { FirstUse, RenewalMode } from './term/term-events.ts';
import type { Target } from './tiers/tier-events.ts';
import type { Limits } from './usage/usage-limits.ts';

/** One device bound to a license. */
export type Activation = {
  readonly activationId: string;
  readonly fingerprintHash: string;
  readonly product: string | null;
  readonly nameRef: string | null;
  readonly platform: string | null;
  readonly appVersion: string | null;
  readonly activatedAt: Instant;
  /** Hashes of the device's parts, by name; empty: none were given. */
  readonly components: Readonly<Record<string, string>>;
  readonly userRef: string | null;
  readonly environment: string | null;
};

/** A hold on a floating seat. Without heartbeat it lapses at `expiresAt`; a borrowed one ends then. */
export type Lease = {
  readonly leaseId: string;
  readonly holderHash: string;
  readonly product: string | null;
  readonly userRef: string | null;
  readonly ttlSeconds: number;
  readonly expiresAt: Instant;
  readonly borrow: boolean;
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
export type Term = {
  /** 0: no term has begun, and `startsAt` is null. */
  readonly number: number;
  readonly startsAt: Instant | null;
  readonly expiresAt: Instant | null;
};

/** The term that begins with the first activation or validation. */
export type AwaitedTerm = { readonly trigger: FirstUse; readonly duration: string };

/**
 * A change that was announced for later, named by the event that announced it. A suspension and a renewal mode hold from
 * `effectiveAt` on by the clock alone; a tier change is carried out by a command, as soon after as it comes.
 */
export type Scheduled = {
  readonly eventId: string;
  readonly effectiveAt: Instant;
  readonly change:
    | { readonly kind: 'SUSPENSION'; readonly reasonCode: SuspensionReason; readonly until: Instant | null }
    | { readonly kind: 'RENEWAL'; readonly to: RenewalMode }
    | { readonly kind: 'TIER'; readonly from: Tier; readonly target: Target };
};

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
  /** The number of the last term whose expiry, as it is now, was announced by `LicenseExpired`; 0: none. */
  readonly announcedTerm: number;
  readonly limits: Limits;
  readonly entitlements: readonly Entitlement[];
  readonly externalRef: string | null;
  readonly suspension: Suspension | null;
  readonly revokedAt: Instant | null;
  readonly usage: Usage;
  readonly keyVersion: number;
  readonly keyHint: string | null;
  readonly createdAt: Instant;
  /** The issuer's, in whose calendar durations are counted. */
  readonly timeZone: string;
  readonly awaited: AwaitedTerm | null;
  /** The mode that held last; a scheduled one may have taken its place by the clock. */
  readonly renewal: RenewalMode;
  /** In the order of their announcement. */
  readonly scheduled: readonly Scheduled[];
  /** The number of the last term whose grace, as it is now, was announced as over by `LicenseGraceEnded`; 0: none. */
  readonly graceEndedTerm: number;
  /** When the present expiry was set; null: when the license was issued. */
  readonly expirySetAt: Instant | null;
  /** The offsets of the reminders of the present expiry that were sent. */
  readonly reminded: readonly string[];
  /** Earlier keys that still work, and until when. */
  readonly keyOverlaps: readonly { readonly keyVersion: number; readonly until: Instant }[];
  readonly maintenanceUntil: Instant | null;
  readonly imported: ImportSource | null;
  readonly replaces: string | null;
  readonly replacedBy: string | null;
  /** What decisive events have ended and is still to be announced, the oldest event first; empty: nothing. */
  readonly endings: readonly Ending[];
  /**
   * Ends of the current term that were announced as expiries before the end was moved away from them. Today that is
   * refused; clocks that differed once made it possible. `announcedTerm` does not count them.
   */
  readonly overtakenExpiries: readonly Instant[];
};

/**
 * What one decisive event has ended and is still to be announced, by how many of each kind. An event with this `cause`
 * announces one of the first ending of that cause that has some of its kind left.
 */
export type Ending = {
  readonly cause: 'LICENSE_REVOKED' | 'TRANSFER' | 'PRODUCT_REMOVED' | 'LIMIT_LOWERED';
  readonly effectiveAt: Instant;
  /** The holder from before the decisive event, who owns the announcements. */
  readonly holderOrgId: string | null;
  readonly activations: number;
  readonly leases: number;
  readonly users: number;
};

/** What is in use: open activations, leases, assigned users, and the total of each meter since the last renewal. */
export type Usage = {
  readonly activations: number;
  readonly seats: number;
  readonly users: number;
  readonly meters: Readonly<Record<string, number>>;
};

/** The state of a license stream that decisions are made on. */
export type License = { readonly kind: 'unissued' } | IssuedLicense;

/** A license that was issued: its facts and the collections that guards ask about. Owned by the fold, changed in place. */
export type IssuedLicense = {
  readonly kind: 'issued';
  facts: LicenseFacts;
  /** Open activations by activation id, in the order of their recording. */
  activations: ForkableMap<string, Activation>;
  /** Activation id by fingerprint hash, open activations only. */
  byFingerprint: ForkableMap<string, string>;
  /**
   * When an activation was deactivated, by its id and by its fingerprint hash, so that a repetition is told from a
   * mistake. As everything that is kept for a time only: in the order of its recording, see forget.ts.
   */
  readonly deactivated: ForkableMap<string, Instant>;
  /** Deactivations by the holder of the key since the last renewal, and the last instant of one: allowance and cooldown. */
  deactivationsInTerm: number;
  lastDeactivatedAt: Instant | null;
  /** Every ground of the latest suspension and the instant it ends by itself; null: when it is reinstated. */
  readonly suspendedFor: Map<SuspensionReason, Instant | null>;
  /** Where the months of stacked renewals are counted from: 31 Jan, 28 Feb, 31 Mar. */
  calendarAnchor: Instant;
  /** The duration that the license was issued for, which a reset begins anew; null: it was issued without one. */
  issuedDuration: string | null;
  /** Assigned users and since when, in the order of their assignment. */
  users: ForkableMap<string, Instant>;
  /** Open leases by lease id, in the order of their acquisition, and lease id by holder. */
  leases: ForkableMap<string, Lease>;
  leaseByHolder: ForkableMap<string, string>;
  /** Those of the open leases that were borrowed. */
  borrowed: ForkableMap<string, Lease>;
  /** Leases that lapsed: within the resurrection window they may come back. */
  readonly lapsed: ForkableMap<string, LapsedLease>;
  /** When a lease was released, so that a repetition is told from a mistake. */
  readonly released: ForkableMap<string, Instant>;
  /** Seats of released leases that return to the pool later, and when. */
  readonly withheld: ForkableMap<string, Instant>;
  /** When a use was recorded, by its usage id. */
  readonly usageIds: ForkableMap<string, Instant>;
  /** What was ended and is still to be announced, for each of `facts.endings`. */
  ended: readonly Ended[];
  /**
   * The last announcements of what was ended: how many were recorded at one instant, over all commands decided then.
   */
  announced: { readonly at: Instant; readonly count: number };
  /** The day (UTC) of the last event: the first one of another day makes the fold forget. */
  forgottenOn: string;
};

/** What one decisive event has ended and is still to be announced, each in the order of its recording. */
export type Ended = {
  readonly activations: ForkableMap<string, Activation>;
  readonly byFingerprint: ForkableMap<string, string>;
  readonly leases: ForkableMap<string, Lease>;
  readonly users: ForkableMap<string, Instant>;
};

/** A lease that lapsed at `lapsedAt`. From `knownUntil` on it is as if it had never been. */
export type LapsedLease = { readonly lease: Lease; readonly lapsedAt: Instant; readonly knownUntil: Instant };
