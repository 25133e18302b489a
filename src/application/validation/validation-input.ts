import type { Pool } from 'pg';
import { type Components, componentProblem, matchesDevice } from '../../domain/license/devices/component-check.ts';
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
import type { NameNeeds } from '../client-license.ts';
import { asRecorded, findDevice, holderHashesIn } from '../devices/known-names.ts';
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

/**
 * The hash of the device that a request names; null: it names none. `active`: that of its open activation; null: it has
 * none.
 */
export type NamedDeviceHash = { readonly named: string | null; readonly active: string | null };

/** The input of a validation: the license as read, what the request names, and the device that it names. */
export type ValidationInput = {
  readonly view: ValidationView;
  readonly scope: ValidationScope;
  readonly device: NamedDeviceHash;
};

/**
 * Reads what the request names. Reads nothing more for a request that names at most a product and a device. Under a
 * maintenance a named version is read from the issuer's catalog.
 */
export const readValidationInput = async (
  needs: NameNeeds & { readonly pool: Pool },
  license: ValidationFacts,
  named: NamedScope,
): Promise<ValidationInput> => {
  const { facts } = license;
  const device = named.fingerprint === undefined ? noDevice : await findDevice(needs, license, named.fingerprint);
  const parts = partsOf(needs.secrets, facts, named);
  const needed = neededDetails(needs.secrets, facts, { named, parts }, device);
  const details = needed === null ? noDetails : await needs.validations.details(license, needed);
  return {
    view: {
      facts,
      tenantSuspended: license.issuerClosed,
      lastCheckInAt: details.lastCheckInAt,
      activation: activationIn(facts.policy, device, details, { named, needed, parts }),
      lease: leaseIn(details, needed),
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
    device: namedDevice(device, details, matchedDevice(facts.policy, details, needed)),
  };
};

/** Returns the named device: that of the fingerprint, else of the components, or of the activation without a fingerprint. */
const namedDevice = (
  { hash, isActivated }: Device,
  { namedFingerprint }: ValidationDetails,
  matched: MatchedDevice | undefined,
): NamedDeviceHash =>
  hash === null
    ? { named: namedFingerprint, active: namedFingerprint }
    : { named: hash, active: isActivated ? hash : (matched?.fingerprintHash ?? null) };

type MatchedDevice = ValidationDetails['devices'][number];

/** Returns the first device that the named components find. */
const matchedDevice = (
  policy: LicenseFacts['policy'],
  { devices }: ValidationDetails,
  needed: WantedDetails | null,
): MatchedDevice | undefined =>
  devices.find(({ components }) =>
    (needed?.components ?? []).some((hashes) => matchesDevice(policy, components, hashes)),
  );

type Device = { readonly hash: string | null; readonly isActivated: boolean };

const noDevice: Device = { hash: null, isActivated: false };
const none: readonly string[] = [];

/** Returns the hashes of the named components, when the policy compares components. */
const partsOf = (
  secrets: Secrets,
  { issuerOrgId, policy }: LicenseFacts,
  { components }: NamedScope,
): readonly Components[] =>
  components === undefined || (policy.fingerprintMatching === 'EXACT' && !checksParts(policy))
    ? []
    : componentHashes(secrets, issuerOrgId, components);

const checksParts = ({ componentCheck = 'NONE' }: LicenseFacts['policy']): boolean => componentCheck !== 'NONE';

type Asked = { readonly named: NamedScope; readonly parts: readonly Components[] };

/** Returns the details to read, or null when none are needed. */
const neededDetails = (
  secrets: Secrets,
  facts: LicenseFacts,
  { named: { activationId, leaseHolder, user, environment }, parts }: Asked,
  { hash, isActivated }: Device,
): WantedDetails | null => {
  const { policy } = facts;
  const checkIn = policy.checkInSeconds !== undefined;
  // Components find a device only when the fingerprint does not.
  const hasParts = parts.length > 0 && policy.fingerprintMatching !== 'EXACT' && !isActivated;
  const isCompared = user !== undefined || environment !== undefined || checksParts(policy);
  const hasDevice = isActivated && hash !== null && isCompared;
  const isMore = checkIn || hasParts || hasDevice;
  if (!isMore && activationId === undefined && leaseHolder === undefined && user === undefined) return null;
  return {
    checkIn,
    ...(hasParts ? { components: parts } : {}),
    ...(activationId === undefined ? {} : { activationId }),
    ...(hasDevice ? { fingerprintHash: hash } : {}),
    ...(leaseHolder === undefined ? {} : { holderHashes: holderHashesIn(secrets, facts, leaseHolder) }),
    ...(user === undefined ? {} : { userRefs: userReferences(secrets, facts, user) }),
  };
};

const activationIn = (
  policy: LicenseFacts['policy'],
  device: Device,
  details: ValidationDetails,
  named: Asked & { readonly needed: WantedDetails | null },
): ValidationView['activation'] => {
  const { namedFingerprint, activatedFor } = details;
  const { activationId } = named.named;
  const viewOf = (activated: ActivatedFor) => activationOf(policy, activated, named);
  if (activationId === undefined && device.isActivated) return viewOf(activatedFor);
  const known = matchedDevice(policy, details, named.needed);
  if (activationId === undefined) return known === undefined ? null : viewOf(known);
  if (namedFingerprint === null) return null;
  const isOfFingerprint = device.isActivated ? namedFingerprint === device.hash : known?.id === activationId;
  return { ...viewOf(activatedFor), isOfFingerprint };
};

const leaseIn = (
  { leaseUntil: aliveUntil, leaseBorrowed: isBorrowed, leaseUser }: ValidationDetails,
  needed: WantedDetails | null,
): ValidationView['lease'] =>
  aliveUntil === null ? null : { aliveUntil, isBorrowed, isOfUser: isOfUser(leaseUser, needed) };

// Without the references of a user the request names none.
const isOfUser = (userRef: string | null, needed: WantedDetails | null): boolean =>
  userRef === null || (needed?.userRefs?.includes(userRef) ?? true);

/** Returns the activation of the device that the request names, compared with its user, environment and components. */
const activationOf = (
  policy: LicenseFacts['policy'],
  { userRef, environment: activatedIn, components }: ActivatedFor,
  { named: { environment }, needed, parts }: Asked & { readonly needed: WantedDetails | null },
) => ({
  isOfFingerprint: true,
  isOfUser: isOfUser(userRef, needed),
  isOfEnvironment: environment === undefined || activatedIn === null || activatedIn === environment,
  componentProblem: componentProblem(policy, components, asRecorded(parts, components, parts[0] ?? {})),
});

const versionOf = (named: NamedVersion) =>
  typeof named === 'string'
    ? { number: named, releasedAt: null }
    : { number: named.number, releasedAt: named.releasedAt ?? null };
