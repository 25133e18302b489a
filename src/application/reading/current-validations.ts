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
 * Reads for validation from rows, and from the stream what concerns a license whose stream is parked: its key, the
 * license, its devices, seats and users. Never from rows that are old.
 */
export const createCurrentValidations = (rows: ValidationRows, { executor, pool }: Needs): ValidationReader => {
  const fromStream = async (licenseId: string, keyVersion: number | null): Promise<ValidationFacts | null> => {
    const current = await readParked(executor, licenseId, ({ facts, byFingerprint }, revision) => ({
      ...{ facts, revision, keyVersion, isParked: true },
      fingerprintHashes: firstOf(byFingerprint.keys(), fingerprintsMax),
      more: byFingerprint.size > fingerprintsMax,
    }));
    if (current === null) return null;
    return { ...current, issuerClosed: await isClosed(executor, current.facts.issuerOrgId) };
  };

  const current = (found: ValidationFacts | null): ValidationFacts | null | Promise<ValidationFacts | null> =>
    found?.isParked === true ? fromStream(found.facts.licenseId, found.keyVersion) : found;

  const partyTo = (organizationId: string, found: ValidationFacts | null): ValidationFacts | null =>
    found !== null && isPartyTo(found.facts, organizationId) ? found : null;

  return {
    byKey: async (hashes) => {
      const found = await rows.byKey(hashes);
      if (found !== null) return current(found);
      const parked = await rows.parkedByKey(hashes);
      if (parked !== null) return fromStream(parked.licenseId, parked.keyVersion);
      // In neither: a replay may have brought the key into the rows between the two reads.
      return current(await rows.byKey(hashes));
    },
    byId: async (organizationId, licenseId) => {
      const found = await rows.byId(organizationId, licenseId);
      if (found?.isParked === false) return found;
      if (found !== null || (await rows.isParked(licenseId)))
        return partyTo(organizationId, await fromStream(licenseId, null));
      // As for a key.
      return partyTo(organizationId, await current(await rows.byId(organizationId, licenseId)));
    },
    isActivated: async (found, fingerprintHash) =>
      found.isParked
        ? (await readParked(executor, found.facts.licenseId, ({ byFingerprint }) =>
            byFingerprint.has(fingerprintHash),
          )) === true
        : rows.isActivated(found, fingerprintHash),
    details: async (found, wanted) => {
      if (!found.isParked) return rows.details(found, wanted);
      const { issuerOrgId, licenseId } = found.facts;
      const seen = await readParked(executor, licenseId, (license) => detailsIn(license, wanted));
      if (seen === null) return rows.details(found, wanted);
      const { held, ...details } = seen;
      // Heartbeats and check-ins are no events.
      return asTenant(pool, issuerOrgId, async (db) => ({
        ...details,
        leaseUntil:
          held === null
            ? details.leaseUntil
            : aliveUntil(held, held.borrow ? null : await lastHeartbeat(db, found.facts, held.leaseId)),
        lastCheckInAt: wanted.checkIn === true ? await lastCheckIn(db, found.facts) : null,
      }));
    },
  };
};

type SeenDetails = Omit<ValidationDetails, 'lastCheckInAt'> & { readonly held: Lease | null };

const detailsIn = (
  license: IssuedLicense,
  { holderHashes = [], userRefs = [], activationId, components = [] }: WantedDetails,
): SeenDetails => {
  const held = holderHashes
    .map((hash) => license.leases.get(license.leaseByHolder.get(hash) ?? ''))
    .find((lease) => lease !== undefined);
  return {
    held: held ?? null,
    leaseHolder: held?.holderHash ?? null,
    leaseUntil: held === undefined ? lapsedAt(license, holderHashes) : null,
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
  wanted: readonly Readonly<Record<string, string>>[],
): ValidationDetails['devices'] => {
  const devices: { id: string; components: Readonly<Record<string, string>> }[] = [];
  for (const [id, { components }] of activations)
    if (wanted.some((parts) => Object.entries(parts).some(([name, hash]) => components[name] === hash)))
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
