import { matchesDevice } from '../../domain/license/devices/device-matching.ts';
import type { ValidationScope, ValidationView } from '../../domain/license/validation/validation-view.ts';
import type { Instant } from '../../domain/time.ts';
import { componentHashes, fingerprintHashes } from '../../identity/fingerprint.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { userReferences } from '../../identity/user-reference.ts';
import type { ValidationFacts } from '../../projections/queries/validation.ts';
import { noDetails, type ValidationDetails, type WantedDetails } from '../../projections/queries/validation-details.ts';
import type { ClientNeeds } from '../client-license.ts';
import { findDevice } from '../devices/known-names.ts';

/** The version of an application, with the instant of its release where maintenance decides. */
export type NamedVersion = string | { readonly number: string; readonly releasedAt?: Instant | undefined };

/** What a client names in a validation. */
export type NamedScope = {
  readonly product?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly components?: Readonly<Record<string, string>> | undefined;
  readonly activationId?: string | undefined;
  readonly leaseHolder?: string | undefined;
  readonly user?: string | undefined;
  readonly environment?: string | undefined;
  readonly version?: NamedVersion | undefined;
  readonly entitlements?: readonly string[] | undefined;
  readonly meters?: readonly string[] | undefined;
};

/** What a validation is judged by: all that was read of the license, and what the request names. */
export type Judgeable = { readonly view: ValidationView; readonly scope: ValidationScope };

/**
 * Looks up what belongs to what the request names. Nothing more is read for one that names a product and a device at
 * most.
 */
export const judgeableOf = async (
  needs: ClientNeeds,
  license: ValidationFacts,
  named: NamedScope,
): Promise<Judgeable> => {
  const { facts } = license;
  const device = named.fingerprint === undefined ? noDevice : await findDevice(needs, license, named.fingerprint);
  const needed = wantedDetails(needs.secrets, license, named, device.isActivated);
  const details = needed === null ? noDetails : await needs.validations.details(license, needed);
  return {
    view: {
      facts,
      tenantSuspended: license.issuerClosed,
      lastCheckInAt: details.lastCheckInAt,
      activation: activationIn(license, named, device, details, needed?.components ?? []),
      lease: details.leaseUntil === null ? null : { aliveUntil: details.leaseUntil },
      userAssigned: details.assignedUser !== null,
    },
    scope: {
      product: named.product ?? null,
      fingerprint: device.hash,
      activationId: named.activationId ?? null,
      keyVersion: license.keyVersion,
      lease: named.leaseHolder ?? null,
      user: named.user ?? null,
      environment: named.environment ?? null,
      version: named.version === undefined ? null : versionOf(named.version),
      entitlements: named.entitlements ?? none,
      meters: named.meters ?? none,
    },
  };
};

type Device = { readonly hash: string | null; readonly isActivated: boolean };

const noDevice: Device = { hash: null, isActivated: false };
const none: readonly string[] = [];

/** Null: nothing beyond what was read already. */
const wantedDetails = (
  secrets: Secrets,
  { facts: { issuerOrgId, policy } }: ValidationFacts,
  { components, activationId, leaseHolder, user }: NamedScope,
  isActivated: boolean,
): WantedDetails | null => {
  const checkIn = policy.checkInSeconds !== undefined;
  // Parts are looked at where the fingerprint does not tell.
  const hasParts = components !== undefined && policy.fingerprintMatching !== 'EXACT' && !isActivated;
  if (!checkIn && !hasParts && activationId === undefined && leaseHolder === undefined && user === undefined)
    return null;
  return {
    checkIn,
    ...(hasParts ? { components: componentHashes(secrets, issuerOrgId, components) } : {}),
    ...(activationId === undefined ? {} : { activationId }),
    ...(leaseHolder === undefined ? {} : { holderHashes: fingerprintHashes(secrets, issuerOrgId, leaseHolder) }),
    ...(user === undefined ? {} : { userRefs: userReferences(secrets, issuerOrgId, user) }),
  };
};

const activationIn = (
  { facts: { policy } }: ValidationFacts,
  { activationId }: NamedScope,
  device: Device,
  { namedFingerprint, devices }: ValidationDetails,
  components: readonly Readonly<Record<string, string>>[],
): ValidationView['activation'] => {
  if (activationId === undefined && device.isActivated) return ofThisDevice;
  const known = devices.find((each) =>
    components.some((parts) => matchesDevice(policy.fingerprintMatching, each.components, parts)),
  );
  if (activationId === undefined) return known === undefined ? null : ofThisDevice;
  if (namedFingerprint === null) return null;
  return { isOfFingerprint: device.isActivated ? namedFingerprint === device.hash : known?.id === activationId };
};

const ofThisDevice = { isOfFingerprint: true } as const;

const versionOf = (named: NamedVersion) =>
  typeof named === 'string'
    ? { number: named, releasedAt: null }
    : { number: named.number, releasedAt: named.releasedAt ?? null };
