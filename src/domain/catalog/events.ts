import type { Entitlement } from '../license/grants/entitlement.ts';
import type { DurationBasis } from '../license/issue/issue-events.ts';
import type { PinnedPolicy } from '../license/policy.ts';
import type { Limits } from '../license/usage/usage-limits.ts';
import type { Instant } from '../time.ts';

// Events of the catalog stream, version 1: add, never rename or repurpose. Names and descriptions here are those of things
// that are sold, no personal data.

/** The term that a policy gives a license for which its issuer asks for no other; `duration` is an ISO 8601 one. */
export type PolicyTerm =
  | { readonly basis: 'PERPETUAL' }
  | { readonly basis: 'FIXED'; readonly expiresAt: Instant }
  | { readonly basis: DurationBasis; readonly duration: string };

/** One version of a policy: what a license pins of it, and what a license gets where its issuer asks for nothing else. */
export type PolicyVersion = {
  readonly name: string;
  /** Holds the policy's id and the version's number, so that it is pinned as it stands. */
  readonly policy: PinnedPolicy;
  /** Codes. */
  readonly products: readonly string[];
  readonly term: PolicyTerm;
  readonly limits: Limits;
  readonly entitlements: readonly Entitlement[];
};

type Fact<Type extends string, Data> = { readonly type: Type; readonly data: Data };

export type CatalogEvent =
  | Fact<'CatalogOpened', { readonly issuerOrgId: string }>
  /** `code` is what licenses and requests name the product by, for ever. */
  | Fact<
      'ProductCreated',
      { readonly productId: string; readonly code: string; readonly name: string; readonly description: string | null }
    >
  | Fact<'ProductChanged', { readonly productId: string; readonly name: string; readonly description: string | null }>
  | Fact<'ProductArchived', { readonly productId: string }>
  /** Version 1. */
  | Fact<'PolicyCreated', PolicyVersion>
  /** The version after the last one; licenses keep the version they were issued under. */
  | Fact<'PolicyVersionAdded', PolicyVersion>
  | Fact<'PolicyArchived', { readonly policyId: string }>;
