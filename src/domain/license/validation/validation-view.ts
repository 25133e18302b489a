import type { Instant } from '../../time.ts';
import { type ComponentProblem, componentProblem } from '../devices/component-check.ts';
import { activationOf } from '../devices/device-matching.ts';
import { lastLapseOf } from '../forget.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';

/**
 * The question of a validation; a null or absent part is not asked. Has hashes and references, never personal values.
 */
export type ValidationScope = {
  readonly product: string | null;
  /** The device's fingerprint hash. */
  readonly fingerprint: string | null;
  /** Hashes of the device's components, by name. */
  readonly components?: Readonly<Record<string, string>>;
  /** The activation that the device believes it has. */
  readonly activationId?: string | null;
  /** The version of the presented license key; null: the request names the license by its id. */
  readonly keyVersion?: number | null;
  /** Hash of the machine, instance or user with the seat. */
  readonly lease?: string | null;
  readonly user?: string | null;
  readonly environment?: string | null;
  /** The version of the application, and its release date if the client sends it. */
  readonly version?: { readonly number: string; readonly releasedAt: Instant | null } | null;
  /** Codes that the license must grant, and meters that must be below their limit. */
  readonly entitlements?: readonly string[];
  readonly meters?: readonly string[];
};

/** Everything that a validation reads: the facts, and the parts that the scope names. A query or a fold provides it. */
export type ValidationView = {
  readonly facts: LicenseFacts;
  /** The issuer is suspended or closed. */
  readonly tenantSuspended: boolean;
  /** When the license last checked in; null: never, or the source of the view does not store it. */
  readonly lastCheckInAt: Instant | null;
  /**
   * The open activation that the scope names by id or fingerprint; null: there is none. `isOfUser` and `isOfEnvironment`
   * are false when the device was activated for another user or environment than the scope names; absent: not compared.
   * `componentProblem`: why its components are not accepted; null or absent: they are, or are not compared.
   */
  readonly activation: {
    readonly isOfFingerprint: boolean;
    readonly isOfUser?: boolean;
    readonly isOfEnvironment?: boolean;
    readonly componentProblem?: ComponentProblem | null;
  } | null;
  /**
   * The holder's lease, and until when it lives without another heartbeat; null: the holder has none. `isBorrowed`
   * absent: it needs heartbeats. `isOfUser` is false when it was taken for another user than the scope names; absent: not
   * compared.
   */
  readonly lease: { readonly aliveUntil: Instant; readonly isBorrowed?: boolean; readonly isOfUser?: boolean } | null;
  readonly userAssigned: boolean;
};

/** Returns the view of facts alone, without activation, lease and user. */
export const viewOfFacts = (facts: LicenseFacts): ValidationView => ({
  facts,
  tenantSuspended: false,
  lastCheckInAt: null,
  activation: null,
  lease: null,
  userAssigned: false,
});

/** Returns the view of a folded license. The stream does not record check-ins, heartbeats, or the issuer's state. */
export const validationView = (license: IssuedLicense, scope: ValidationScope): ValidationView => ({
  facts: license.facts,
  tenantSuspended: false,
  lastCheckInAt: null,
  activation: activationIn(license, scope),
  lease: leaseIn(license, scope.lease ?? null, scope.user ?? null),
  userAssigned: license.users.has(scope.user ?? ''),
});

const activationIn = (license: IssuedLicense, scope: ValidationScope): ValidationView['activation'] => {
  const { fingerprint, activationId = null, components, user = null, environment = null } = scope;
  const own =
    fingerprint === null
      ? null
      : activationOf(license, { fingerprintHash: fingerprint, ...(components === undefined ? {} : { components }) });
  const named = activationId === null ? own : license.activations.get(activationId);
  if (named === null || named === undefined) return null;
  return {
    isOfFingerprint: activationId === null || (fingerprint !== null && own === named),
    isOfUser: isOf(named.userRef, user),
    isOfEnvironment: isOf(named.environment, environment),
    componentProblem: componentProblem(license.facts.policy, named.components, components),
  };
};

/** Returns true unless a device or a seat is for one thing, and the scope names another one. */
const isOf = (activated: string | null, named: string | null): boolean =>
  activated === null || named === null || activated === named;

const leaseIn = (
  { leases, leaseByHolder, lapsed }: IssuedLicense,
  holderHash: string | null,
  user: string | null,
): ValidationView['lease'] => {
  if (holderHash === null) return null;
  const lease = leases.get(leaseByHolder.get(holderHash) ?? '');
  if (lease !== undefined)
    return { aliveUntil: lease.expiresAt, isBorrowed: lease.borrow, isOfUser: isOf(lease.userRef, user) };
  const lapsedAt = lastLapseOf(lapsed, [holderHash]);
  return lapsedAt === null ? null : { aliveUntil: lapsedAt };
};
