import type { Pool } from 'pg';
import { matchesDevice } from '../../domain/license/devices/device-matching.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { ValidationScope, ValidationView } from '../../domain/license/validation/validation-view.ts';
import type { Instant } from '../../domain/time.ts';
import { componentHashes } from '../../identity/fingerprint.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { userReferences } from '../../identity/user-reference.ts';
import type { ValidationFacts } from '../../projections/queries/validation.ts';
import {
  type ActivatedFor,
  noDetails,
  type ValidationDetails,
  type WantedDetails,
} from '../../projections/queries/validation-details.ts';
import type { ClientNeeds } from '../client-license.ts';
import { findDevice, holderHashesIn } from '../devices/known-names.ts';
import { dateVersion } from './date-version.ts';

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

/**
 * Reads what the request names. Reads nothing more for a request that names at most a product and a device. Under a
 * maintenance a named version is read from the issuer's catalog.
 */
export const readValidationInput = async (
  needs: ClientNeeds & { readonly pool: Pool },
  license: ValidationFacts,
  named: NamedScope,
): Promise<ValidationInput> => {
  const { facts } = license;
  const device = named.fingerprint === undefined ? noDevice : await findDevice(needs, license, named.fingerprint);
  const needed = neededDetails(needs.secrets, license, named, device);
  const details = needed === null ? noDetails : await needs.validations.details(license, needed);
  return {
    view: {
      facts,
      tenantSuspended: license.issuerClosed,
      lastCheckInAt: details.lastCheckInAt,
      activation: activationIn(license.facts.policy, device, details, { named, needed }),
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
      version:
        named.version === undefined
          ? null
          : await dateVersion(needs.pool, facts, named.product ?? null, versionOf(named.version)),
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
  { components, activationId, leaseHolder, user, environment }: NamedScope,
  { hash, isActivated }: Device,
): WantedDetails | null => {
  const { issuerOrgId, policy } = facts;
  const checkIn = policy.checkInSeconds !== undefined;
  // Components matter only when the fingerprint does not identify the device.
  const hasParts = components !== undefined && policy.fingerprintMatching !== 'EXACT' && !isActivated;
  const hasDevice = isActivated && hash !== null && (user !== undefined || environment !== undefined);
  const isMore = checkIn || hasParts || hasDevice;
  if (!isMore && activationId === undefined && leaseHolder === undefined && user === undefined) return null;
  return {
    checkIn,
    ...(hasParts ? { components: componentHashes(secrets, issuerOrgId, components) } : {}),
    ...(activationId === undefined ? {} : { activationId }),
    ...(hasDevice ? { fingerprintHash: hash } : {}),
    ...(leaseHolder === undefined ? {} : { holderHashes: holderHashesIn(secrets, facts, leaseHolder) }),
    ...(user === undefined ? {} : { userRefs: userReferences(secrets, facts, user) }),
  };
};

const activationIn = (
  { fingerprintMatching }: LicenseFacts['policy'],
  device: Device,
  { namedFingerprint, activatedFor, devices }: ValidationDetails,
  { named, needed }: { readonly named: NamedScope; readonly needed: WantedDetails | null },
): ValidationView['activation'] => {
  const { activationId } = named;
  if (activationId === undefined && device.isActivated) return activationOf(activatedFor, named, needed);
  const known = devices.find(({ components }) =>
    (needed?.components ?? []).some((hashes) => matchesDevice(fingerprintMatching, components, hashes)),
  );
  if (activationId === undefined) return known === undefined ? null : activationOf(known, named, needed);
  if (namedFingerprint === null) return null;
  const isOfFingerprint = device.isActivated ? namedFingerprint === device.hash : known?.id === activationId;
  return { ...activationOf(activatedFor, named, needed), isOfFingerprint };
};

/** Returns the activation of the device that the request names, compared with its user and environment. */
const activationOf = (activated: ActivatedFor, { environment }: NamedScope, needed: WantedDetails | null) => ({
  isOfFingerprint: true,
  isOfUser: activated.userRef === null || (needed?.userRefs?.includes(activated.userRef) ?? true),
  isOfEnvironment: environment === undefined || activated.environment === null || activated.environment === environment,
});

const versionOf = (named: NamedVersion) =>
  typeof named === 'string'
    ? { number: named, releasedAt: null }
    : { number: named.number, releasedAt: named.releasedAt ?? null };
