import type { Pool } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { encodeId } from '../../domain/ids.ts';
import type { Components } from '../../domain/license/devices/component-check.ts';
import type { Device, DeviceName } from '../../domain/license/devices/device-commands.ts';
import { activationOf } from '../../domain/license/devices/device-matching.ts';
import { recordsName } from '../../domain/license/devices/update-device.ts';
import type { Activation, License, LicenseFacts } from '../../domain/license/license.ts';
import { settledAt } from '../../domain/license/settle.ts';
import { trialReservations } from '../../domain/reservation/trial.ts';
import { type Instant, later } from '../../domain/time.ts';
import type { Executed } from '../../eventstore/executor/execute.ts';
import { partId } from '../../eventstore/uuids.ts';
import { componentHashes, fingerprintHashes } from '../../identity/fingerprint.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { ValidationFacts } from '../../projections/queries/validation.ts';
import type { ActivationView } from '../../projections/tables/activations.ts';
import { type PersonalValue, valueAt } from '../../records/vault.ts';
import { type ClientNeeds, type ClientRequest, isByKey, seesNames } from '../client-license.ts';
import type { PastStore } from '../licenses/issue/reserve.ts';
import { type CommandNeeds, issuedFacts } from '../licenses/send-license-command.ts';
import { referenceOf } from '../personal-values.ts';
import { dateVersion } from '../validation/date-version.ts';
import { asRecorded, findDeviceHashes, findUser } from './known-names.ts';

export type DeviceNeeds = ClientNeeds & CommandNeeds & { readonly store: PastStore };

/** A device as a client describes it. */
export type DescribedDevice = {
  readonly fingerprint: string;
  /** The components of the device by name. The policy may match the device by them. */
  readonly components?: Readonly<Record<string, string>> | undefined;
  readonly product?: string | undefined;
  readonly name?: string | undefined;
  readonly platform?: string | undefined;
  readonly appVersion?: string | undefined;
  readonly user?: string | undefined;
  readonly environment?: string | undefined;
};

/** An active device by its fingerprint, by its activation, or by both. */
export type NamedDevice = {
  readonly fingerprint?: string | undefined;
  /** The components of the device by name, with its fingerprint. The policy may find the device by them. */
  readonly components?: Readonly<Record<string, string>> | undefined;
  readonly activationId?: string | undefined;
};

/**
 * A device as the stream stores it, its name when that is recorded, and the personal values to store in the vault
 * first.
 */
export type PreparedDevice = {
  readonly device: Device;
  readonly name: string | null;
  readonly values: readonly PersonalValue[];
};

/**
 * The activation of a device and its license. `isNew` is false when the device was already active; `changed` is then
 * true when the request has updated its details.
 */
export type ActivatedDevice = {
  readonly activation: ActivationView;
  readonly facts: LicenseFacts;
  readonly isNew: boolean;
  readonly changed: boolean;
  readonly revision: bigint;
  readonly position: bigint;
};

/**
 * Returns a device in the form for events: hashes and references instead of the client's words. A name and components
 * that the active device has already keep their reference and their hashes, so that they update nothing. A name that
 * the license would not record gets no reference, so that the vault stores none without an event.
 */
export const prepareDevice = async (
  needs: DeviceNeeds,
  { license, attempt, by }: ClientRequest,
  described: DescribedDevice,
): Promise<PreparedDevice> => {
  const { issuerOrgId, holderOrgId } = license.facts;
  const { product = null, name = null, platform = null, appVersion = null, user, environment, components } = described;
  const activationId = encodeId('act', partId(attempt, 'activation'));
  const hashes = await findDeviceHashes(needs, license, described);
  const isCompared = name !== null || components !== undefined;
  const presented = { ...hashes, byKey: isByKey({ by }) };
  const { active, isNamed } = isCompared ? await readActive(needs, license, presented) : unknownDevice;
  const partsOf = (parts: Components) => componentHashes(needs.secrets, issuerOrgId, parts);
  const isSameName = name !== null && name === (await nameOf(needs.pool, issuerOrgId, active?.nameRef ?? null));
  const newRef = name === null || isSameName || !isNamed ? null : referenceOf(attempt, 'device name');
  const nameRef = isSameName ? (active?.nameRef ?? null) : newRef;
  const releasedAt = await releaseOf(needs.pool, license.facts, product, appVersion);
  const about = {
    issuerOrgId,
    holderOrgId,
    kind: 'DEVICE_NAME',
    subject: active?.activationId ?? activationId,
  } as const;
  return {
    device: {
      activationId,
      product,
      nameRef,
      platform,
      appVersion,
      ...hashes,
      ...(components === undefined || active === null
        ? {}
        : { components: asRecorded(partsOf(components), active.components, hashes.components ?? {}) }),
      ...(user === undefined ? {} : { userRef: await findUser(needs, license, user) }),
      ...(environment === undefined ? {} : { environment }),
      ...(releasedAt === null ? {} : { releasedAt }),
    },
    name: nameRef === null ? null : name,
    values: newRef === null || name === null ? [] : [{ ...about, ref: newRef, value: name }],
  };
};

// From the stream, because rows may be behind: a name that is compared with an older one would be recorded again.
const readActive = (
  { executor, now }: DeviceNeeds,
  { facts: { licenseId } }: ValidationFacts,
  device: Pick<Device, 'fingerprintHash' | 'components' | 'byKey'>,
): Promise<ActiveDevice> =>
  executor.read(licenseAggregate, licenseId, (license: License) => {
    const at = now();
    const settled = settledAt(license, at);
    const active = settled.kind === 'unissued' ? null : activationOf(settled, device);
    if (settled.kind === 'unissued' || active === null) return unknownDevice;
    return { active, isNamed: recordsName(settled.facts.policy, active, device, at) };
  });

/** The activation of a device; null when it is not active. `isNamed`: the license would record a new name for it. */
type ActiveDevice = { readonly active: Activation | null; readonly isNamed: boolean };

const unknownDevice: ActiveDevice = { active: null, isNamed: true };

const releaseOf = async (pool: Pool, facts: LicenseFacts, product: string | null, appVersion: string | null) =>
  appVersion === null
    ? null
    : (await dateVersion(pool, facts, product, { number: appVersion, releasedAt: null })).releasedAt;

/** Returns the name by which the stream knows an active device. */
export const deviceNameOf = async (
  needs: ClientNeeds,
  license: ValidationFacts,
  { fingerprint, components, activationId }: NamedDevice,
): Promise<DeviceName> => {
  if (fingerprint === undefined) return { activationId: activationId ?? '' };
  const hashes = await findDeviceHashes(needs, license, { fingerprint, components });
  return activationId === undefined ? hashes : { activationId, ...hashes };
};

/** Returns the reservations for a trial on a device, and none for other licenses. */
export const reservationsOf = (
  secrets: Secrets,
  { policy, issuerOrgId, products }: LicenseFacts,
  fingerprint: string,
) =>
  // The reservations are under every secret, so that a device stays known after another secret signs.
  policy.type === 'TRIAL'
    ? fingerprintHashes(secrets, issuerOrgId, fingerprint).flatMap((fingerprintHash) =>
        trialReservations({ issuerOrgId, products, holderOrgId: null, fingerprintHash }),
      )
    : [];

/** Returns what the result needs from the license: its facts, and the current activation of the device. */
export const activatedView =
  (device: Device) =>
  (license: License): Activated => ({
    facts: issuedFacts(license),
    open: license.kind === 'unissued' ? null : activationOf(license, device),
  });

type Activated = { readonly facts: LicenseFacts; readonly open: Activation | null };

/**
 * Returns the new or existing activation of a device. Under ANY or MOST the components may find the device of somebody
 * else, whose name a client with only the key does not see.
 */
export const activatedDevice = async (
  pool: Pool,
  request: Pick<ClientRequest, 'by'> & { readonly at: Instant },
  { device, name }: PreparedDevice,
  { view, events, revision, position }: Executed<Activated>,
): Promise<ActivatedDevice> => {
  const { facts, open } = view;
  // Other events of the append record what had fallen due before.
  const stored = events.find(({ type }) => type === 'ActivationRecorded' || type === 'ActivationUpdated');
  const isNew = stored?.type === 'ActivationRecorded';
  // A repeated command has its first result, even when the device was released since.
  const activatedAt: Instant = String(stored?.metadata.recordedAt);
  // The id follows from the stored hash of the request, which may be under an older secret.
  const activationId = String(stored?.data.activationId ?? device.activationId);
  const { userRef = null, environment = null } = device;
  const activation = isNew || open === null ? { ...device, userRef, environment, activationId, activatedAt } : open;
  const isProven = activation.fingerprintHash === device.fingerprintHash;
  const isNamed = isProven || seesNames(request, facts) !== false;
  const { licenseId, issuerOrgId } = facts;
  const answered = {
    ...activation,
    userRef: isNamed ? activation.userRef : null,
    licenseId,
    name: activation === open ? await nameOf(pool, issuerOrgId, isNamed ? open.nameRef : null) : name,
    lastSeenAt: isNew ? activation.activatedAt : later(activation.activatedAt, request.at),
    lastVersion: device.appVersion ?? activation.appVersion,
    lastProduct: device.product ?? activation.product,
    // This request is a contact, which ends an announcement.
    deactivatesAt: null,
    // Applications do not get what administrators noted.
    metadata: {},
    fingerprintUniqueness: facts.policy.fingerprintUniqueness ?? ('LICENSE' as const),
  };
  const changed = stored !== undefined;
  return { activation: answered, facts, isNew, changed, revision, position: position.commit };
};

const nameOf = (pool: Pool, issuerOrgId: string, ref: string | null): Promise<string | null> =>
  ref === null ? Promise.resolve(null) : asTenant(pool, issuerOrgId, (db) => valueAt(db, ref));
