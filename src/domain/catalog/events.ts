import type { Entitlement } from '../license/grants/entitlement.ts';
import type { DurationBasis } from '../license/issue/issue-events.ts';
import type { PinnedPolicy } from '../license/policy.ts';
import type { Limits } from '../license/usage/usage-limits.ts';
import type { Instant } from '../time.ts';

// Events of the catalog stream, version 1: add, never rename or repurpose. Their names and descriptions are those of
// products and policies, not personal data.

/** The default term of the licenses of a policy; `duration` is an ISO 8601 duration. */
export type PolicyTerm =
  | { readonly basis: 'PERPETUAL' }
  | { readonly basis: 'FIXED'; readonly expiresAt: Instant }
  | { readonly basis: DurationBasis; readonly duration: string };

/** One version of a policy: the pinned policy, and the defaults of its licenses. */
export type PolicyVersion = {
  readonly name: string;
  /** Includes the policy's id and the version's number, so that a license pins it as it is. */
  readonly policy: PinnedPolicy;
  /** The codes of its products. */
  readonly products: readonly string[];
  readonly term: PolicyTerm;
  readonly limits: Limits;
  readonly entitlements: readonly Entitlement[];
};

type Event<Type extends string, Data> = { readonly type: Type; readonly data: Data };

export type CatalogEvent =
  | Event<'CatalogOpened', { readonly issuerOrgId: string }>
  /** Licenses and requests name the product by its `code`, which never changes. */
  | Event<
      'ProductCreated',
      { readonly productId: string; readonly code: string; readonly name: string; readonly description: string | null }
    >
  | Event<'ProductChanged', { readonly productId: string; readonly name: string; readonly description: string | null }>
  | Event<'ProductArchived', { readonly productId: string }>
  /** Version 1. */
  | Event<'PolicyCreated', PolicyVersion>
  /** Adds the next version. Licenses keep the version they were issued under. */
  | Event<'PolicyVersionAdded', PolicyVersion>
  | Event<'PolicyArchived', { readonly policyId: string }>
  /** A version of a product was released. `version`: in the spelling of `canonicalVersion`. */
  | Event<'ReleasePublished', ReleaseName & { readonly releasedAt: Instant; readonly channel: string }>
  /** The release no longer counts. The version can be published again. */
  | Event<'ReleaseWithdrawn', ReleaseName>;

/** Names a release by the code of its product and its version. */
export type ReleaseName = { readonly product: string; readonly version: string };
