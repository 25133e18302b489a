import type { Pool } from 'pg';
import { lastLapseOf } from '../../domain/license/forget.ts';
import type { IssuedLicense, Lease, LicenseFacts } from '../../domain/license/license.ts';
import { isPartyTo } from '../../domain/license/license-authority.ts';
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
import { isClosed, readParked } from './parked-license.ts';

type Needs = { readonly executor: Executor; readonly pool: Pool; readonly now: () => Instant };

/**
 * Returns what reads licenses for validation from rows. For a license with a parked stream, or with a change that has
 * fallen due and is not recorded yet, it reads the key, the license, its devices, seats and users from the stream.
 */
export const createCurrentValidations = (rows: ValidationRows, needs: Needs): ValidationReader => ({
  byKey: (hashes) => licenseByKey(rows, needs, hashes),
  byId: (organizationId, licenseId) => licenseById(rows, needs, organizationId, licenseId),
  isActivated: (license, fingerprintHash) =>
    license.isParked
      ? isActivatedInStream(needs, license.facts.licenseId, fingerprintHash)
      : rows.isActivated(license, fingerprintHash),
  details: async (license, needed) => {
    const current = license.isParked ? await detailsFromStream(needs, license.facts, needed) : null;
    return current ?? rows.details(license, needed);
  },
});

const licenseByKey = async (
  rows: ValidationRows,
  needs: Needs,
  hashes: readonly Buffer[],
): Promise<ValidationFacts | null> => {
  const license = await rows.byKey(hashes);
  if (license !== null) return current(needs, license);
  const parked = await rows.parkedByKey(hashes);
  if (parked !== null) return fromStream(needs, parked.licenseId, parked.keyVersion);
  // A replay may have added the key to the rows between the two reads.
  return current(needs, await rows.byKey(hashes));
};

const licenseById = async (
  rows: ValidationRows,
  needs: Needs,
  organizationId: string,
  licenseId: string,
): Promise<ValidationFacts | null> => {
  const license = await rows.byId(organizationId, licenseId);
  if (license !== null && !isOld(license, needs.now())) return license;
  const isParked = license !== null || (await rows.isParked(licenseId));
  const read = isParked
    ? await fromStream(needs, licenseId, null)
    : // A replay may have added the license to the rows between the two reads.
      await current(needs, await rows.byId(organizationId, licenseId));
  return read !== null && isPartyTo(read.facts, organizationId) ? read : null;
};

const current = async (needs: Needs, license: ValidationFacts | null): Promise<ValidationFacts | null> =>
  license !== null && isOld(license, needs.now())
    ? fromStream(needs, license.facts.licenseId, license.keyVersion)
    : license;

const isOld = ({ facts, isParked }: ValidationFacts, at: Instant): boolean => isParked || isUnsettled(facts, at);

const fromStream = async (
  { executor, now }: Needs,
  licenseId: string,
  keyVersion: number | null,
): Promise<ValidationFacts | null> => {
  const license = await readParked(executor, { licenseId, at: now() }, ({ facts, byFingerprint }, revision) => ({
    facts,
    revision,
    keyVersion,
    isParked: true,
    fingerprintHashes: firstOf(byFingerprint.keys(), fingerprintsMax),
    more: byFingerprint.size > fingerprintsMax,
  }));
  if (license === null) return null;
  return { ...license, issuerClosed: await isClosed(executor, license.facts.issuerOrgId) };
};

const isActivatedInStream = async (
  { executor, now }: Needs,
  licenseId: string,
  fingerprintHash: string,
): Promise<boolean> =>
  (await readParked(executor, { licenseId, at: now() }, ({ byFingerprint }) => byFingerprint.has(fingerprintHash))) ===
  true;

const detailsFromStream = async (
  { executor, pool, now }: Needs,
  facts: LicenseFacts,
  needed: WantedDetails,
): Promise<ValidationDetails | null> => {
  const details = await readParked(executor, { licenseId: facts.licenseId, at: now() }, (license) =>
    detailsIn(license, needed),
  );
  if (details === null) return null;
  const { lease, ...rest } = details;
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
