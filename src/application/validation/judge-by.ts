import { matchesDevice } from '../../domain/license/devices.ts';
import type { ValidationScope, ValidationView } from '../../domain/license/validation-view.ts';
import type { Instant } from '../../domain/time.ts';
import { componentHashes, fingerprintHashes } from '../../identity/fingerprint.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { userReferences } from '../../identity/user-reference.ts';
import type { ValidationFacts } from '../../projections/validation.ts';
import { noDetails, type ValidationDetails, type WantedDetails } from '../../projections/validation-details.ts';
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

/** Looks up what belongs to what the request names. Nothing more is read for one that names a product and a device at most. */
export const judgeableOf = async (
  needs: ClientNeeds,
  found: ValidationFacts,
  asked: NamedScope,
): Promise<Judgeable> => {
  const { facts } = found;
  const device = asked.fingerprint === undefined ? noDevice : await findDevice(needs, found, asked.fingerprint);
  const wanted = wantedDetails(needs.secrets, found, asked, device.isActivated);
  const details = wanted === null ? noDetails : await needs.validations.details(found, wanted);
  return {
    view: {
      facts,
      tenantSuspended: found.issuerClosed,
      lastCheckInAt: details.lastCheckInAt,
      activation: activationIn(found, asked, device, details, wanted?.components ?? []),
      lease: details.leaseUntil === null ? null : { aliveUntil: details.leaseUntil },
      userAssigned: details.assignedUser !== null,
    },
    scope: {
      product: asked.product ?? null,
      fingerprint: device.hash,
      activationId: asked.activationId ?? null,
      keyVersion: found.keyVersion,
      lease: asked.leaseHolder ?? null,
      user: asked.user ?? null,
      environment: asked.environment ?? null,
      version: asked.version === undefined ? null : versionOf(asked.version),
      entitlements: asked.entitlements ?? none,
      meters: asked.meters ?? none,
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

const versionOf = (asked: NamedVersion) =>
  typeof asked === 'string'
    ? { number: asked, releasedAt: null }
    : { number: asked.number, releasedAt: asked.releasedAt ?? null };
