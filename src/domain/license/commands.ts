import type { Decision } from '../decider.ts';
import type { Instant } from '../time.ts';
import type { Entitlement, LicenseEvent, Limits, PinnedPolicy, RenewalBasis, SuspensionReason } from './events.ts';

/** The term that is asked for: a calendar duration (ISO 8601) from `startsAt` or now, a fixed end, or none. */
export type TermRequest =
  | { readonly kind: 'duration'; readonly duration: string; readonly startsAt: Instant | null }
  | { readonly kind: 'fixed'; readonly expiresAt: Instant; readonly startsAt: Instant | null }
  | { readonly kind: 'perpetual'; readonly startsAt: Instant | null };

type Command<Type extends string, Data> = { readonly type: Type; readonly data: Data; readonly at: Instant };

/** Commands of the license stream. `at` is the server's clock, read once per command. Ids and hashes arrive ready made. */
export type LicenseCommand =
  | Command<
      'IssueLicense',
      {
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
      }
    >
  | Command<
      'Activate',
      {
        readonly activationId: string;
        readonly fingerprintHash: string;
        readonly product: string | null;
        readonly nameRef: string | null;
        readonly platform: string | null;
        readonly appVersion: string | null;
      }
    >
  /** One of the two names the device. `by` ADMIN is exempt from allowance and cooldown. */
  | Command<
      'Deactivate',
      {
        readonly device: { readonly fingerprintHash: string } | { readonly activationId: string };
        readonly by: 'USER' | 'ADMIN';
      }
    >
  | Command<'Suspend', { readonly reasonCode: SuspensionReason; readonly until: Instant | null }>
  | Command<'Reinstate', Record<never, never>>
  | Command<
      'Renew',
      | { readonly duration: string; readonly basis: RenewalBasis; readonly reasonCode: string | null }
      | { readonly expiresAt: Instant; readonly reasonCode: string | null }
    >
  | Command<'Revoke', { readonly reasonCode: string }>
  /** Sent by the expiry sweep: announces that term `termNumber` has run out. */
  | Command<'Expire', { readonly termNumber: number }>;

/** One kind of license command. */
export type CommandOf<Type extends LicenseCommand['type']> = Extract<LicenseCommand, { type: Type }>;

/** Why a license command is refused; each has its HTTP meaning in src/api/problems.ts. */
export type LicenseRejection =
  | 'LICENSE_NOT_FOUND'
  | 'LICENSE_REVOKED'
  | 'LICENSE_SUSPENDED'
  | 'LICENSE_EXPIRED'
  | 'LICENSE_NOT_STARTED'
  | 'PRODUCT_NOT_LICENSED'
  | 'ACTIVATION_LIMIT_EXCEEDED'
  | 'ACTIVATION_NOT_FOUND'
  | 'DEACTIVATION_LIMIT'
  | 'COOLDOWN_ACTIVE'
  | 'TERM_INVALID'
  | 'LIMIT_INVALID';

/** The events of a license command (none: already so), or why it is refused. */
export type LicenseDecision = Decision<LicenseEvent, LicenseRejection>;
