import type { Instant } from '../../time.ts';
import type { Entitlement } from '../grants/entitlement.ts';
import type { Command } from '../message-shapes.ts';
import type { Overrides } from '../overrides/overrides.ts';
import type { PinnedPolicy } from '../policy.ts';
import type { Target } from '../tiers/tier-events.ts';
import type { Limits } from '../usage/usage-limits.ts';
import type { ImportSource } from './issue-events.ts';

/** Commands about where a license comes from. */
export type IssueCommand =
  | Command<'IssueLicense', Origination>
  /** The caller has checked that `sourceRef` was not imported before. */
  | Command<'ImportLicense', Origination & ImportSource>
  /** Notes on a revoked license which license replaces it. */
  | Command<'RecordReplacement', { readonly by: string }>
  | Command<'ChangeReference', { readonly to: string | null }>;

/** The content that a license is issued or imported with. */
export type Origination = {
  readonly licenseId: string;
  readonly issuerOrgId: string;
  readonly holderOrgId: string | null;
  readonly policy: PinnedPolicy;
  readonly products: readonly string[];
  readonly term: TermRequest;
  readonly limits: Limits;
  readonly entitlements: readonly Entitlement[];
  readonly externalRef: string | null;
  readonly key: { readonly keyHash: string; readonly secretId: string; readonly hint: string };
  /** The issuer's time zone; absent: UTC. */
  readonly timeZone?: string;
  readonly maintenanceUntil?: Instant;
  readonly replaces?: string;
  /** What the license becomes when its trial ends. The caller gives it for each trial. */
  readonly afterTrial?: Target;
  /** The organization that the license is offered to; then `holderOrgId` is null. Absent: the license is not offered. */
  readonly offerTo?: string;
  /** What the issuer gives in addition to the policy; `products` and `limits` contain it. Absent: nothing. */
  readonly overrides?: Overrides;
};

/** The requested term: a calendar duration (ISO 8601) from `startsAt`, now or first use on, a fixed end, or no end. */
export type TermRequest =
  | { readonly kind: 'duration'; readonly duration: string; readonly startsAt: Instant | null }
  | { readonly kind: 'fixed'; readonly expiresAt: Instant; readonly startsAt: Instant | null }
  | { readonly kind: 'perpetual'; readonly startsAt: Instant | null }
  | { readonly kind: 'firstActivation'; readonly duration: string }
  | { readonly kind: 'firstValidation'; readonly duration: string };
