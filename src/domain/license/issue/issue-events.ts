import type { Instant } from '../../time.ts';
import type { Entitlement } from '../grants/entitlement.ts';
import type { Event } from '../message-shapes.ts';
import type { Overrides } from '../overrides/overrides.ts';
import type { PinnedPolicy } from '../policy.ts';
import type { Target } from '../tiers/tier-events.ts';
import type { Limits } from '../usage/usage-limits.ts';

/** Events about where a license comes from, stored as they are: add, never rename or repurpose. */
export type IssueEvent =
  | Event<'LicenseIssued', Origin>
  | Event<'LicenseImported', Origin & ImportSource>
  /** `by`: the license that was issued in place of this revoked one. */
  | Event<'ReplacementIssued', { readonly by: string }>
  /** The name of the license in the issuer's own books. */
  | Event<'LicenseReferenceChanged', { readonly from: string | null; readonly to: string | null }>;

/** The content of a new license. */
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
  /**
   * The license covers releases before this instant for ever, and no later ones; absent: as the expiry strategy says.
   */
  readonly maintenanceUntil?: Instant;
  /** The policy gave `maintenanceUntil`. Absent: the issuer named it, or an earlier build issued the license. */
  readonly maintenanceFromPolicy?: true;
  /** The revoked license that this one replaces. */
  readonly replaces?: string;
  /**
   * What a trial becomes at its end, if its policy says so. Absent for a trial, as in earlier builds: the built-in policy
   * FREE. `decodeLicense` adds it.
   */
  readonly afterTrial?: Target;
  /** What the issuer gave in addition to the policy; absent: nothing that a change of the policy keeps. */
  readonly overrides?: Overrides;
};

/**
 * `ISSUE`: a duration from `startsAt`; `FIXED`: a fixed expiry; `PERPETUAL`: no expiry. `FIRST_ACTIVATION` and
 * `FIRST_VALIDATION`: a duration from the first use, so both instants are null. `[startsAt, expiresAt)`. `timeZone`:
 * the issuer's time zone, which counts the durations.
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

/**
 * The origin of an imported license. The importer asserts its history since `historyFrom`; the ledger did not observe
 * it.
 */
export type ImportSource = { readonly source: string; readonly sourceRef: string; readonly historyFrom: Instant };
