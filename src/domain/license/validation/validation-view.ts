import type { Instant } from '../../time.ts';
import { activationOf } from '../devices/device-matching.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';

/** What a validation names; null, or absent: not named. Hashes and references, never what they stand for. */
export type ValidationScope = {
  readonly product: string | null;
  /** The device's fingerprint hash. */
  readonly fingerprint: string | null;
  /** Hashes of the device's parts, by name. */
  readonly components?: Readonly<Record<string, string>>;
  /** The activation that the device believes it has. */
  readonly activationId?: string | null;
  /** The version of the license key that was shown; null: the license was named by its id. */
  readonly keyVersion?: number | null;
  /** Hash of the machine, instance or user that holds a seat. */
  readonly lease?: string | null;
  readonly user?: string | null;
  readonly environment?: string | null;
  /** The version of the application, and when it was released, if it says so. */
  readonly version?: { readonly number: string; readonly releasedAt: Instant | null } | null;
  /** Codes that the license must grant, and meters that must have room. */
  readonly entitlements?: readonly string[];
  readonly meters?: readonly string[];
};

/**
 * All that a validation is judged by: the facts, and what of the license belongs to what the request names. A query can
 * find it as well as a fold.
 */
export type ValidationView = {
  readonly facts: LicenseFacts;
  /** The issuer is suspended or closed. */
  readonly tenantSuspended: boolean;
  /** When the license was last checked in, where that is kept; null: never. */
  readonly lastCheckInAt: Instant | null;
  /** The open activation that is named, or that the fingerprint has; null: none. */
  readonly activation: { readonly isOfFingerprint: boolean } | null;
  /** The holder's lease, and until when its last sign of life is good; null: it has none. */
  readonly lease: { readonly aliveUntil: Instant } | null;
  readonly userAssigned: boolean;
};

/** The view of facts alone: of a license of which nothing else was looked for. */
export const viewOfFacts = (facts: LicenseFacts): ValidationView => ({
  facts,
  tenantSuspended: false,
  lastCheckInAt: null,
  activation: null,
  lease: null,
  userAssigned: false,
});

/** The view of a folded license; the stream knows neither check-ins nor heartbeats, nor other streams. */
export const validationView = (license: IssuedLicense, scope: ValidationScope): ValidationView => ({
  facts: license.facts,
  tenantSuspended: false,
  lastCheckInAt: null,
  activation: activationIn(license, scope),
  lease: leaseIn(license, scope.lease ?? null),
  userAssigned: license.users.has(scope.user ?? ''),
});

const activationIn = (
  license: IssuedLicense,
  { fingerprint, activationId = null, components }: ValidationScope,
): ValidationView['activation'] => {
  const own =
    fingerprint === null
      ? null
      : activationOf(license, { fingerprintHash: fingerprint, ...(components === undefined ? {} : { components }) });
  if (activationId === null) return own === null ? null : { isOfFingerprint: true };
  const named = license.activations.get(activationId);
  return named === undefined ? null : { isOfFingerprint: fingerprint !== null && own === named };
};

const leaseIn = (
  { leases, leaseByHolder, lapsed }: IssuedLicense,
  holderHash: string | null,
): ValidationView['lease'] => {
  if (holderHash === null) return null;
  const lease = leases.get(leaseByHolder.get(holderHash) ?? '');
  if (lease !== undefined) return { aliveUntil: lease.expiresAt };
  for (const gone of lapsed.values()) if (gone.lease.holderHash === holderHash) return { aliveUntil: gone.lapsedAt };
  return null;
};
