import type { Pool } from 'pg';
import type { IssuedLicense, Lease } from '../../domain/license/license.ts';
import { isPartyTo } from '../../domain/license/license-authority.ts';
import { aliveUntil } from '../../domain/license/seats/seats-in-use.ts';
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

type Needs = { readonly executor: Executor; readonly pool: Pool };

/**
 * Returns what reads licenses for validation from rows. For a license with a parked stream it reads the key, the
 * license, its devices, seats and users from the stream, never from old rows.
 */
export const createCurrentValidations = (rows: ValidationRows, { executor, pool }: Needs): ValidationReader => {
  const fromStream = async (licenseId: string, keyVersion: number | null): Promise<ValidationFacts | null> => {
    const current = await readParked(executor, licenseId, ({ facts, byFingerprint }, revision) => ({
      facts,
      revision,
      keyVersion,
      isParked: true,
      fingerprintHashes: firstOf(byFingerprint.keys(), fingerprintsMax),
      more: byFingerprint.size > fingerprintsMax,
    }));
    if (current === null) return null;
    return { ...current, issuerClosed: await isClosed(executor, current.facts.issuerOrgId) };
  };

  const current = (license: ValidationFacts | null): ValidationFacts | null | Promise<ValidationFacts | null> =>
    license?.isParked === true ? fromStream(license.facts.licenseId, license.keyVersion) : license;

  const partyTo = (organizationId: string, license: ValidationFacts | null): ValidationFacts | null =>
    license !== null && isPartyTo(license.facts, organizationId) ? license : null;

  return {
    byKey: async (hashes) => {
      const license = await rows.byKey(hashes);
      if (license !== null) return current(license);
      const parked = await rows.parkedByKey(hashes);
      if (parked !== null) return fromStream(parked.licenseId, parked.keyVersion);
      // A replay may have added the key to the rows between the two reads.
      return current(await rows.byKey(hashes));
    },
    byId: async (organizationId, licenseId) => {
      const license = await rows.byId(organizationId, licenseId);
      if (license?.isParked === false) return license;
      if (license !== null || (await rows.isParked(licenseId)))
        return partyTo(organizationId, await fromStream(licenseId, null));
      // A replay may have added the license to the rows between the two reads.
      return partyTo(organizationId, await current(await rows.byId(organizationId, licenseId)));
    },
    isActivated: async (license, fingerprintHash) =>
      license.isParked
        ? (await readParked(executor, license.facts.licenseId, ({ byFingerprint }) =>
            byFingerprint.has(fingerprintHash),
          )) === true
        : rows.isActivated(license, fingerprintHash),
    details: async (license, needed) => {
      if (!license.isParked) return rows.details(license, needed);
      const { issuerOrgId, licenseId } = license.facts;
      const seen = await readParked(executor, licenseId, (issued) => detailsIn(issued, needed));
      if (seen === null) return rows.details(license, needed);
      const { lease, ...details } = seen;
      // Heartbeats and check-ins are not events, so the stream does not have them.
      return asTenant(pool, issuerOrgId, async (db) => ({
        ...details,
        leaseUntil:
          lease === null
            ? details.leaseUntil
            : aliveUntil(lease, lease.borrow ? null : await lastHeartbeat(db, license.facts, lease.leaseId)),
        lastCheckInAt: needed.checkIn === true ? await lastCheckIn(db, license.facts) : null,
      }));
    },
  };
};

type SeenDetails = Omit<ValidationDetails, 'lastCheckInAt'> & { readonly lease: Lease | null };

const detailsIn = (
  license: IssuedLicense,
  { holderHashes = [], userRefs = [], activationId, components = [] }: WantedDetails,
): SeenDetails => {
  const lease = holderHashes
    .map((hash) => license.leases.get(license.leaseByHolder.get(hash) ?? ''))
    .find((lease) => lease !== undefined);
  return {
    lease: lease ?? null,
    leaseHolder: lease?.holderHash ?? null,
    leaseUntil: lease === undefined ? lapsedAt(license, holderHashes) : null,
    assignedUser: userRefs.find((userRef) => license.users.has(userRef)) ?? null,
    namedFingerprint:
      activationId === undefined ? null : (license.activations.get(activationId)?.fingerprintHash ?? null),
    devices: components.length === 0 ? [] : devicesWith(license, components),
  };
};

const lapsedAt = ({ lapsed }: IssuedLicense, holderHashes: readonly string[]): Instant | null => {
  if (holderHashes.length > 0)
    for (const [, { lease, lapsedAt: at }] of lapsed) if (holderHashes.includes(lease.holderHash)) return at;
  return null;
};

const devicesWith = (
  { activations }: IssuedLicense,
  needed: readonly Readonly<Record<string, string>>[],
): ValidationDetails['devices'] => {
  const devices: { id: string; components: Readonly<Record<string, string>> }[] = [];
  for (const [id, { components }] of activations)
    if (needed.some((parts) => Object.entries(parts).some(([name, hash]) => components[name] === hash)))
      devices.push({ id, components });
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
