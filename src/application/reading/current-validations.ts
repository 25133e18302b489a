import type { Pool } from 'pg';
import { lastLapseOf } from '../../domain/license/forget.ts';
import type { IssuedLicense, Lease, LicenseFacts } from '../../domain/license/license.ts';
import { aliveUntil } from '../../domain/license/seats/seats-in-use.ts';
import { isUnsettled } from '../../domain/license/settle.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { asTenant } from '../../postgres/tenant.ts';
import {
  fingerprintsMax,
  type ValidationFacts,
  type ValidationReader,
  type ValidationRows,
} from '../../projections/queries/validation.ts';
import type { ValidationDetails, WantedDetails } from '../../projections/queries/validation-details.ts';
import { lastCheckIn } from '../../records/check-ins.ts';
import { lastHeartbeat } from '../../records/lease-liveness.ts';
import { isVisible } from './is-visible.ts';
import { isClosed } from './parked-license.ts';
import { createSettledLicenses, type SettledLicense, type SettledLicenses } from './settled-licenses.ts';

type Needs = { readonly executor: Executor; readonly pool: Pool; readonly now: () => Instant };

/**
 * Returns what reads licenses for validation from rows. For a license with a parked stream, or with a change that has
 * fallen due and is not recorded yet, it reads the key, the license, its devices, seats and users from the stream. It
 * reads the stream once per validation, and for an unrecorded change only when the row is newer than the last reading.
 */
export const createCurrentValidations = (rows: ValidationRows, needs: Needs): ValidationReader => {
  const reading: Reading = { rows, needs, licenses: createSettledLicenses(needs.executor), read: new WeakMap() };
  return {
    byKey: (hashes) => licenseByKey(reading, hashes),
    byId: (organizationId, licenseId) => licenseById(reading, organizationId, licenseId),
    isActivated: async (license, fingerprintHash) => {
      const current = license.isParked ? await licenseOf(reading, license.facts) : null;
      return current === null
        ? !license.isParked && rows.isActivated(license, fingerprintHash)
        : current.byFingerprint.has(fingerprintHash);
    },
    details: async (license, needed) => {
      const current = license.isParked ? await licenseOf(reading, license.facts) : null;
      return current === null ? rows.details(license, needed) : detailsFromStream(needs, current, needed);
    },
  };
};

/** `read`: the whole license of facts that were read from a stream, so that all of an answer is of one state. */
type Reading = {
  readonly rows: ValidationRows;
  readonly needs: Needs;
  readonly licenses: SettledLicenses;
  readonly read: WeakMap<LicenseFacts, IssuedLicense>;
};

const licenseOf = async ({ read, licenses, needs }: Reading, facts: LicenseFacts): Promise<IssuedLicense | null> =>
  read.get(facts) ?? (await licenses.read(facts.licenseId, needs.now()))?.license ?? null;

const licenseByKey = async (reading: Reading, hashes: readonly Buffer[]): Promise<ValidationFacts | null> => {
  const { rows } = reading;
  const license = await rows.byKey(hashes);
  if (license !== null) return current(reading, license);
  const parked = await rows.parkedByKey(hashes);
  if (parked !== null) return fromStream(reading, parked.licenseId, parked.keyVersion);
  // A replay may have added the key to the rows between the two reads.
  return current(reading, await rows.byKey(hashes));
};

const licenseById = async (
  reading: Reading,
  organizationId: string,
  licenseId: string,
): Promise<ValidationFacts | null> => {
  const { rows } = reading;
  const license = await rows.byId(organizationId, licenseId);
  const read =
    license === null && (await rows.isParked(licenseId))
      ? await fromStream(reading, licenseId, null)
      : // A replay may have added the license to the rows between the two reads.
        await current(reading, license ?? (await rows.byId(organizationId, licenseId)));
  return read !== null && isVisible(read.facts, organizationId) ? read : null;
};

const current = async (reading: Reading, license: ValidationFacts | null): Promise<ValidationFacts | null> => {
  if (license === null) return null;
  const { facts, isParked, keyVersion, revision } = license;
  if (isParked) return fromStream(reading, facts.licenseId, keyVersion);
  const at = reading.needs.now();
  if (!isUnsettled(facts, at)) return license;
  const settled = await reading.licenses.since(facts.licenseId, revision, at);
  return settled === null ? null : validationFactsOf(reading, settled, license);
};

const fromStream = async (
  reading: Reading,
  licenseId: string,
  keyVersion: number | null,
): Promise<ValidationFacts | null> => {
  const { licenses, needs } = reading;
  const settled = await licenses.read(licenseId, needs.now());
  if (settled === null) return null;
  const issuerClosed = await isClosed(needs.executor, settled.license.facts.issuerOrgId);
  return validationFactsOf(reading, settled, { keyVersion, issuerClosed });
};

const validationFactsOf = (
  { read }: Reading,
  { license, revision }: SettledLicense,
  { keyVersion, issuerClosed }: Pick<ValidationFacts, 'keyVersion' | 'issuerClosed'>,
): ValidationFacts => {
  const { facts, byFingerprint } = license;
  read.set(facts, license);
  return {
    facts,
    revision,
    keyVersion,
    issuerClosed,
    isParked: true,
    fingerprintHashes: firstOf(byFingerprint.keys(), fingerprintsMax),
    more: byFingerprint.size > fingerprintsMax,
  };
};

const detailsFromStream = async (
  { pool }: Needs,
  license: IssuedLicense,
  needed: WantedDetails,
): Promise<ValidationDetails> => {
  const { facts } = license;
  const { lease, ...rest } = detailsIn(license, needed);
  // Heartbeats and check-ins are not events, so the stream does not have them.
  return asTenant(pool, facts.issuerOrgId, async (db) => ({
    ...rest,
    leaseUntil:
      lease === null
        ? rest.leaseUntil
        : aliveUntil(lease, lease.borrow ? null : await lastHeartbeat(db, facts, lease.leaseId)),
    lastCheckInAt: needed.checkIn === true ? await lastCheckIn(db, facts) : null,
  }));
};

type StreamDetails = Omit<ValidationDetails, 'lastCheckInAt'> & { readonly lease: Lease | null };

const detailsIn = (
  license: IssuedLicense,
  { holderHashes = [], userRefs = [], activationId, fingerprintHash = '', components = [] }: WantedDetails,
): StreamDetails => {
  const lease = holderHashes
    .map((hash) => license.leases.get(license.leaseByHolder.get(hash) ?? ''))
    .find((lease) => lease !== undefined);
  const named = license.activations.get(activationId ?? license.byFingerprint.get(fingerprintHash) ?? '');
  return {
    lease: lease ?? null,
    leaseBorrowed: lease?.borrow === true,
    leaseHolder: lease?.holderHash ?? null,
    leaseUser: lease?.userRef ?? null,
    leaseUntil: lease === undefined && holderHashes.length > 0 ? lastLapseOf(license.lapsed, holderHashes) : null,
    assignedUser: userRefs.find((userRef) => license.users.has(userRef)) ?? null,
    namedFingerprint: activationId === undefined ? null : (named?.fingerprintHash ?? null),
    activatedFor: {
      userRef: named?.userRef ?? null,
      environment: named?.environment ?? null,
      components: named?.components ?? {},
    },
    devices: components.length === 0 ? [] : devicesWith(license, components),
  };
};

const devicesWith = (
  { activations }: IssuedLicense,
  needed: readonly Readonly<Record<string, string>>[],
): ValidationDetails['devices'] => {
  const devices: ValidationDetails['devices'][number][] = [];
  for (const [id, { components, userRef, environment }] of activations)
    if (needed.some((parts) => Object.entries(parts).some(([name, hash]) => components[name] === hash)))
      devices.push({ id, components, userRef, environment });
  return devices;
};

const firstOf = <Value>(values: Iterable<Value>, max: number): readonly Value[] => {
  const first: Value[] = [];
  for (const value of values) {
    if (first.length === max) break;
    first.push(value);
  }
  return first;
};
