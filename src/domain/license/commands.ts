import type { Decision } from '../decider.ts';
import type { Instant } from '../time.ts';
import type {
  Entitlement,
  ImportSource,
  LicenseEvent,
  Limits,
  PinnedPolicy,
  RenewalBasis,
  SuspensionReason,
} from './events.ts';
import type { GrantCommand } from './grants/grant-commands.ts';
import type { KeyCommand } from './keys/key-commands.ts';
import type { LeaseCommand } from './seats/seat-commands.ts';
import type { TermCommand } from './term/term-commands.ts';

/** The term that is asked for: a calendar duration (ISO 8601) from `startsAt`, now or first use on, a fixed end, or none. */
export type TermRequest =
  | { readonly kind: 'duration'; readonly duration: string; readonly startsAt: Instant | null }
  | { readonly kind: 'fixed'; readonly expiresAt: Instant; readonly startsAt: Instant | null }
  | { readonly kind: 'perpetual'; readonly startsAt: Instant | null }
  | { readonly kind: 'firstActivation'; readonly duration: string }
  | { readonly kind: 'firstValidation'; readonly duration: string };

/** When a change takes effect that is announced now. */
export type Schedule = { readonly effectiveAt: Instant };

/** How a device is named. */
export type DeviceName = { readonly fingerprintHash: string } | { readonly activationId: string };

/** A device that asks for an activation. */
export type Device = {
  readonly activationId: string;
  readonly fingerprintHash: string;
  readonly product: string | null;
  readonly nameRef: string | null;
  readonly platform: string | null;
  readonly appVersion: string | null;
  /** Hashes of its parts, by name: what the policy's matching may know it by. */
  readonly components?: Readonly<Record<string, string>>;
  readonly userRef?: string;
  readonly environment?: string;
};

/** What a license is issued or imported with. */
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
  /** Of the issuer; absent: UTC. */
  readonly timeZone?: string;
  readonly maintenanceUntil?: Instant;
  readonly replaces?: string;
};

/** A command as every family of them is written. */
export type Command<Type extends string, Data> = { readonly type: Type; readonly data: Data; readonly at: Instant };

/** Commands of the license stream. `at` is the server's clock, read once per command. Ids and hashes arrive ready made. */
export type LicenseCommand = CoreCommand | TermCommand | GrantCommand | LeaseCommand | KeyCommand;

type CoreCommand =
  | Command<'IssueLicense', Origination>
  /** That `sourceRef` was not imported before, the caller has made sure of. */
  | Command<'ImportLicense', Origination & ImportSource>
  | Command<'Activate', Device>
  /** One of the two names the device. `by` ADMIN is exempt from allowance and cooldown. */
  | Command<'Deactivate', { readonly device: DeviceName; readonly by: 'USER' | 'ADMIN' }>
  /** The holder puts one device in the place of another. */
  | Command<'SwapActivation', { readonly release: DeviceName; readonly activate: Device }>
  /** `scheduled`: it is to hold later, as for a payment that has failed and may still come. */
  | Command<
      'Suspend',
      { readonly reasonCode: SuspensionReason; readonly until: Instant | null; readonly scheduled?: Schedule }
    >
  | Command<'Reinstate', Record<never, never>>
  | Command<
      'Renew',
      | { readonly duration: string; readonly basis: RenewalBasis; readonly reasonCode: string | null }
      | { readonly expiresAt: Instant; readonly reasonCode: string | null }
    >
  | Command<'Revoke', { readonly reasonCode: string }>
  | Command<'ChangeReference', { readonly to: string | null }>
  /** Sent by the worker: announces the next of what was ended by a decisive event, as long as some of it is left. */
  | Command<'AnnounceEnded', Record<never, never>>
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
  | 'SEAT_LIMIT_EXCEEDED'
  | 'USER_LIMIT_EXCEEDED'
  | 'USER_NOT_ASSIGNED'
  | 'QUOTA_EXCEEDED'
  | 'NOT_FOUND'
  | 'FORBIDDEN'
  | 'INVALID_REQUEST'
  | 'TERM_INVALID'
  | 'LIMIT_INVALID';

/** The events of a license command (none: already so), or why it is refused. */
export type LicenseDecision = Decision<LicenseEvent, LicenseRejection>;
