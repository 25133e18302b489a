import { matchesDevice } from '../../domain/license/devices/device-matching.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
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

/** The values that a client names in a validation. */
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

/** The input of a validation: the license as read, and what the request names. */
export type ValidationInput = { readonly view: ValidationView; readonly scope: ValidationScope };

/** Reads what the request names. Reads nothing more for a request that names at most a product and a device. */
export const readValidationInput = async (
  needs: ClientNeeds,
  license: ValidationFacts,
  named: NamedScope,
): Promise<ValidationInput> => {
  const { facts } = license;
  const device = named.fingerprint === undefined ? noDevice : await findDevice(needs, license, named.fingerprint);
  const needed = neededDetails(needs.secrets, license, named, device.isActivated);
  const details = needed === null ? noDetails : await needs.validations.details(license, needed);
  return {
    view: {
      facts,
      tenantSuspended: license.issuerClosed,
      lastCheckInAt: details.lastCheckInAt,
      activation: activationIn(license.facts.policy, device, details, { ...named, parts: needed?.components ?? [] }),
      lease: details.leaseUntil === null ? null : { aliveUntil: details.leaseUntil, isBorrowed: details.leaseBorrowed },
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

/** Returns the details to read, or null when none are needed. */
const neededDetails = (
  secrets: Secrets,
  { facts }: ValidationFacts,
  { components, activationId, leaseHolder, user }: NamedScope,
  isActivated: boolean,
): WantedDetails | null => {
  const { issuerOrgId, policy } = facts;
  const checkIn = policy.checkInSeconds !== undefined;
  // Components matter only when the fingerprint does not identify the device.
  const hasParts = components !== undefined && policy.fingerprintMatching !== 'EXACT' && !isActivated;
  if (!checkIn && !hasParts && activationId === undefined && leaseHolder === undefined && user === undefined)
    return null;
  return {
    checkIn,
    ...(hasParts ? { components: componentHashes(secrets, issuerOrgId, components) } : {}),
    ...(activationId === undefined ? {} : { activationId }),
    ...(leaseHolder === undefined ? {} : { holderHashes: fingerprintHashes(secrets, issuerOrgId, leaseHolder) }),
    ...(user === undefined ? {} : { userRefs: userReferences(secrets, facts, user) }),
  };
};

const activationIn = (
  { fingerprintMatching }: LicenseFacts['policy'],
  device: Device,
  { namedFingerprint, devices }: ValidationDetails,
  { activationId, parts }: Pick<NamedScope, 'activationId'> & { readonly parts: readonly HashedParts[] },
): ValidationView['activation'] => {
  if (activationId === undefined && device.isActivated) return ofThisDevice;
  const known = devices.find(({ components }) =>
    parts.some((hashes) => matchesDevice(fingerprintMatching, components, hashes)),
  );
  if (activationId === undefined) return known === undefined ? null : ofThisDevice;
  if (namedFingerprint === null) return null;
  return { isOfFingerprint: device.isActivated ? namedFingerprint === device.hash : known?.id === activationId };
};

type HashedParts = Readonly<Record<string, string>>;

const ofThisDevice = { isOfFingerprint: true } as const;

const versionOf = (named: NamedVersion) =>
  typeof named === 'string'
    ? { number: named, releasedAt: null }
    : { number: named.number, releasedAt: named.releasedAt ?? null };
