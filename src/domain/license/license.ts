import type { ForkableMap } from '../forkable-map.ts';
import type { Instant } from '../time.ts';
import type { DeviceChanges } from './devices/device-events.ts';
import type { Entitlement, EntitlementName } from './grants/entitlement.ts';
import type { ImportSource } from './issue/issue-events.ts';
import type { Overrides } from './overrides/overrides.ts';
import type { PinnedPolicy, Tier } from './policy.ts';
import type { SuspensionReason } from './suspension/suspension-events.ts';
import type { FirstUse, RenewalBasis, RenewalMode } from './term/term-events.ts';
import type { Target } from './tiers/tier-events.ts';
import type { OfferEnd, TransferredActivations, TransferredExpiry } from './transfer/transfer-events.ts';
import type { MeterPeriod } from './usage/meter-rules.ts';
import type { Limits } from './usage/usage-limits.ts';
import type { MeterSums, RecentCorrection, RecentUse, UsageEventNote } from './usage/usage-notes.ts';

/** A device that is bound to a license. */
export type Activation = {
  readonly activationId: string;
  readonly fingerprintHash: string;
  readonly product: string | null;
  readonly nameRef: string | null;
  readonly platform: string | null;
  readonly appVersion: string | null;
  readonly activatedAt: Instant;
  /** Hashes of the device's components, by name; empty when the device named none. */
  readonly components: Readonly<Record<string, string>>;
  readonly userRef: string | null;
  readonly environment: string | null;
  /** When each detail was last updated. Absent: never since the activation. */
  readonly updatedAt?: Readonly<Partial<Record<keyof DeviceChanges, Instant>>>;
  /** Reference to its metadata in `vault`; absent: it has none. */
  readonly metadataRef?: string;
  /** The last announcement that the device is deactivated unless it is seen. Absent: none since the activation. */
  readonly unseen?: { readonly lastSeenAt: Instant; readonly deactivatesAt: Instant; readonly announcedAt: Instant };
};

/** The use of a floating seat. Without heartbeat a lease lapses at `expiresAt`; a borrowed lease ends then. */
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
  /** With several reasons, the one that lasts longest; the earlier one when they end together. */
  readonly reasonCode: SuspensionReason;
  readonly since: Instant;
  /** The suspension ends by itself at this instant; null: it lasts until the license is reinstated. */
  readonly until: Instant | null;
};

/**
 * The current term, `[startsAt, expiresAt)`; `expiresAt` null is perpetual. `number` grows by one with each renewal.
 * `startsAt` is the start of the first term of an unbroken row of terms. So a renewal before the expiry does not make
 * the license invalid until the next term starts.
 */
export type Term = {
  /** 0: no term has started, and `startsAt` is null. */
  readonly number: number;
  readonly startsAt: Instant | null;
  readonly expiresAt: Instant | null;
};

/** The term that starts with the first use, and what counts as one. */
export type AwaitedTerm = { readonly trigger: FirstUse; readonly duration: string };

/**
 * An announced change, named by the event that announced it. A suspension and a renewal mode take effect at
 * `effectiveAt` by the clock alone. A tier change has consequences, so events record it: with the next command, or when
 * the worker comes. Until then `settle` derives them.
 */
export type Scheduled = {
  readonly eventId: string;
  readonly effectiveAt: Instant;
  readonly change:
    | { readonly kind: 'SUSPENSION'; readonly reasonCode: SuspensionReason; readonly until: Instant | null }
    | { readonly kind: 'RENEWAL'; readonly to: RenewalMode }
    | { readonly kind: 'TIER'; readonly from: Tier; readonly target: Target };
};

/** An offer of the license to an organization that has not consented to the issuer. It takes effect when accepted. */
export type LicenseOffer = {
  readonly toHolderOrgId: string;
  readonly offeredAt: Instant;
  /** From this instant on nobody can accept the offer. */
  readonly expiresAt: Instant;
  readonly expiry: TransferredExpiry;
  readonly activations: TransferredActivations;
  /** Why the offer ended before its expiry; null: it has not. */
  readonly ended: OfferEnd | null;
};

/**
 * A license without its collections. A row of `rm.licenses` has the same fields, so a folded stream and a row are the
 * same type. Immutable.
 */
export type LicenseFacts = {
  readonly licenseId: string;
  readonly issuerOrgId: string;
  readonly holderOrgId: string | null;
  /** The last offer to another holder, which may have ended; null: none since the last transfer. */
  readonly offer: LicenseOffer | null;
  readonly ownerUserRef: string | null;
  readonly policy: PinnedPolicy;
  readonly products: readonly string[];
  readonly term: Term;
  /** The number of the last term with an announced expiry that still applies (`LicenseExpired`); 0: none. */
  readonly announcedTerm: number;
  readonly limits: Limits;
  readonly entitlements: readonly Entitlement[];
  readonly externalRef: string | null;
  readonly suspension: Suspension | null;
  /** Every reason of `suspension`, each with its own start and end, which may have passed. */
  readonly suspendedFor: readonly Suspension[];
  readonly revokedAt: Instant | null;
  readonly usage: Usage;
  readonly keyVersion: number;
  readonly keyHint: string | null;
  readonly createdAt: Instant;
  /** The issuer's time zone. Its calendar counts durations. */
  readonly timeZone: string;
  readonly awaited: AwaitedTerm | null;
  /** The last recorded mode; an announced mode in `scheduled` may have replaced it. */
  readonly renewal: RenewalMode;
  /** Announced changes, in the order of their announcement. */
  readonly scheduled: readonly Scheduled[];
  /** The number of the last term with an announced end of grace that still applies (`LicenseGraceEnded`); 0: none. */
  readonly graceEndedTerm: number;
  /** When the current expiry was set; null: when the license was issued. */
  readonly expirySetAt: Instant | null;
  /** The offsets of the reminders that were sent for the current expiry. */
  readonly reminded: readonly string[];
  /** Previous keys that still work, and until when. */
  readonly keyOverlaps: readonly { readonly keyVersion: number; readonly until: Instant }[];
  readonly maintenanceUntil: Instant | null;
  /** True: the maintenance was sold without end (`LicenseMaintenanceChanged`), so no term gives it an end. */
  readonly maintenanceSoldForEver: boolean;
  /** True: a policy gave `maintenanceUntil`, so it ends with a change to a policy without maintenance. */
  readonly maintenanceFromPolicy: boolean;
  readonly imported: ImportSource | null;
  readonly replaces: string | null;
  readonly replacedBy: string | null;
  /** Counts of ended parts that are not announced yet, the oldest decisive event first. */
  readonly endings: readonly Ending[];
  /**
   * Announced expiries of the current term that the issuer moved afterwards. Commands refuse such a move today;
   * servers with different clocks once made it possible. `announcedTerm` does not count them.
   */
  readonly overtakenExpiries: readonly Instant[];
  /** The holders before this one whose assigned users stayed at a transfer, the latest last, at most 20. */
  readonly formerHolders: readonly string[];
  /** The starts of renewed terms that were still to come at the last event, the earliest first. */
  readonly nextTerms: readonly Instant[];
  /** The use of each meter since the end of the last term. A renewal from that end counts it. */
  readonly metersAfterEnd: Usage['meters'];
  /** The periods of the meters in `usage` that do not count for the term. Empty for rows without the field. */
  readonly meterPeriods: Readonly<Record<string, MeterPeriod>>;
  /** What the last counter of each meter is made of. Empty for rows without the field. */
  readonly meterSums: Readonly<Record<string, MeterSums>>;
  /** When the counters of the running term began; null: with `term.startsAt`. */
  readonly countersFrom: Instant | null;
  /** How many events about metered usage the license has. */
  readonly usageEvents: number;
  /** The latest end of an entitlement that was announced (`EntitlementEnded`); null: none was. */
  readonly entitlementsEndedAt: Instant | null;
  /** The announced entitlements of an end that others share which are not announced yet; empty for rows without it. */
  readonly announcedEnds: readonly (EntitlementName & { readonly until: Instant })[];
  /** What a trial becomes at its end, if its policy says so; null: the license did not begin as a trial. */
  readonly afterTrial: Target | null;
  /** The seats of released borrows that `usage` counts, and when they return; empty for rows without the field. */
  readonly withheldSeats: readonly { readonly leaseId: string; readonly freeAt: Instant }[];
  /**
   * True: use above the limits stays valid whatever the policy says, because it was let in before an announced change
   * or the end of a trial, which nobody could refuse. False: the policy's `limitStrategy` decides.
   */
  readonly overuseStays: boolean;
  /** The overrides of the policy; null: no event has named any, as in logs of earlier builds. */
  readonly overrides: Overrides | null;
};

/**
 * Counts the parts that one decisive event ended and that are not announced yet. An announcement with this `cause`
 * belongs to the first ending of that cause with such a part left.
 */
export type Ending = {
  readonly cause: 'LICENSE_REVOKED' | 'TRANSFER' | 'PRODUCT_REMOVED' | 'LIMIT_LOWERED' | 'USER_UNASSIGNED';
  readonly effectiveAt: Instant;
  /** The holder from before the decisive event. The announcements belong to this holder. */
  readonly holderOrgId: string | null;
  readonly activations: number;
  readonly leases: number;
  readonly users: number;
};

/**
 * The usage at the last event: open activations, leases and withheld seats, assigned users, and the total of each meter
 * in the term that ran then. `usageAt` returns that of another instant.
 */
export type Usage = {
  readonly activations: number;
  readonly seats: number;
  readonly users: number;
  readonly meters: Readonly<Record<string, number>>;
};

/** The state of a license stream, on which commands are decided. */
export type License = { readonly kind: 'unissued' } | IssuedLicense;

/** An issued license: its facts and the collections that guards read. The fold owns it and changes it in place. */
export type IssuedLicense = {
  readonly kind: 'issued';
  facts: LicenseFacts;
  /** Open activations by activation id, in the order of their recording. */
  activations: ForkableMap<string, Activation>;
  /** Activation id by fingerprint hash, open activations only. */
  byFingerprint: ForkableMap<string, string>;
  /**
   * When an activation was deactivated, by its id, by its fingerprint hash and by the hash that was presented, to
   * distinguish a repetition from a mistake. In the order of recording, as every collection that forget.ts shortens.
   */
  readonly deactivated: ForkableMap<string, Instant>;
  /** How often the holder deactivated in the term that ran at the last event, and when last. */
  deactivationsInTerm: number;
  /** The same since the end of the last term. */
  deactivationsAfterEnd: number;
  lastDeactivatedAt: Instant | null;
  /** When the last suspension ended, as recorded; null: none has ended. */
  reinstatedAt: Instant | null;
  /** The instant whose day and time of day renewals before the expiry return to: 31 Jan, 28 Feb, 31 Mar. */
  calendarAnchor: Instant;
  /** The terms that were paid for, by the reference of the payment. */
  readonly paidTerms: ForkableMap<string, PaidTerm>;
  /** The duration of the first term, which a reset starts anew; null: the license was issued without one. */
  issuedDuration: string | null;
  /** The duration of the last term under the present policy that had one; null: none had. */
  termDuration: string | null;
  /** Assigned users and since when, in the order of their assignment. */
  users: ForkableMap<string, Instant>;
  /** Open leases by lease id, in the order of their acquisition, and lease id by holder. */
  leases: ForkableMap<string, Lease>;
  leaseByHolder: ForkableMap<string, string>;
  /** The borrowed ones of the open leases. */
  borrowed: ForkableMap<string, Lease>;
  /** Lapsed leases, which may come back within the resurrection window. */
  readonly lapsed: ForkableMap<string, LapsedLease>;
  /** When a lease was released, to distinguish a repetition from a mistake. */
  readonly released: ForkableMap<string, Instant>;
  /** The seats of released leases that return to the pool later, by lease id. */
  readonly withheld: ForkableMap<string, WithheldSeat>;
  /** The usage of the last 70 minutes, by `usageKey`, in the order of recording. */
  readonly recentUses: ForkableMap<string, RecentUse>;
  /** The events about usage of the last 70 minutes, by their number from 1 on (`usageEvents`). */
  readonly usageEventsAt: ForkableMap<number, UsageEventNote>;
  /** The corrections of the last 70 minutes, by their own `usageKey`, in the order of recording. */
  readonly recentCorrections: ForkableMap<string, RecentCorrection>;
  /** How many entries of usage were recorded in the minute of the last one. `minute`: such as `2026-06-01T12:00`. */
  usageInMinute: { readonly minute: string; readonly entries: number };
  /** The ended parts that are not announced yet, one entry for each of `facts.endings`. */
  ended: readonly Ended[];
  /** How many announcements were recorded at the last instant that had some, over all commands decided then. */
  announced: { readonly at: Instant; readonly count: number };
  /** The day (UTC) of the last event. The first event of another day makes the fold forget. */
  forgottenOn: string;
};

/** The parts that one decisive event ended and that are not announced yet, in the order of recording. */
export type Ended = {
  readonly activations: ForkableMap<string, Activation>;
  readonly byFingerprint: ForkableMap<string, string>;
  readonly leases: ForkableMap<string, Lease>;
  readonly users: ForkableMap<string, Instant>;
};

/** The seat of a released borrow: it returns at `freeAt`, and only its holder can take it before. */
export type WithheldSeat = { readonly freeAt: Instant; readonly holderHash: string };

/** A lease that lapsed at `lapsedAt`. From `knownUntil` on it counts as unknown. */
export type LapsedLease = { readonly lease: Lease; readonly lapsedAt: Instant; readonly knownUntil: Instant };

/** The term that a payment bought, and the terms that its request named. */
export type PaidTerm = {
  readonly termNumber: number;
  readonly startsAt: Instant;
  /** Null: the term has no end. */
  readonly expiresAt: Instant | null;
  /** The instant that its duration counts from: its start, or the end of the trial whose days it adds. */
  readonly countedFrom: Instant;
  readonly basis: RenewalBasis | 'FIXED' | 'CONVERSION';
  /** The requested duration of a renewal; null: the request named an end, or moved the license to another policy. */
  readonly duration: string | null;
  /** The policy that the license moved to with the payment, and its tier; null: the payment was a renewal. */
  readonly policyId: string | null;
  readonly tier: Tier | null;
};
