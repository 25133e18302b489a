import type { Pool } from 'pg';
import { lastLapseOf } from '../../domain/license/forget.ts';
import type { IssuedLicense, Lease } from '../../domain/license/license.ts';
import { aliveUntil } from '../../domain/license/seats/seats-in-use.ts';
import { earlier, type Instant } from '../../domain/time.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { fingerprintsMax, type ValidationFacts, type ValidationReader } from '../../projections/queries/validation.ts';
import type { ValidationDetails, WantedDetails } from '../../projections/queries/validation-details.ts';
import { lastCheckIn } from '../../records/check-ins.ts';
import { lastHeartbeat } from '../../records/lease-liveness.ts';

// What a validation reads, from a folded license instead of rows.

/** Returns the facts of a folded license. */
export const factsOfStream = (
  { license, revision }: { readonly license: IssuedLicense; readonly revision: bigint },
  { keyVersion, issuerClosed }: Pick<ValidationFacts, 'keyVersion' | 'issuerClosed'>,
): ValidationFacts => {
  const { facts, byFingerprint } = license;
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

/** Returns the reader of the devices, seats and users of a folded license as of `at`. */
export const readerOfStream = (
  pool: Pool,
  license: IssuedLicense,
  at: Instant,
): Pick<ValidationReader, 'isActivated' | 'details'> => ({
  isActivated: async (_, fingerprintHash) => license.byFingerprint.has(fingerprintHash),
  details: (_, needed) => detailsOfStream(pool, license, needed, at),
});

/**
 * Returns what a validation reads of a folded license as of `at`; absent: now. Heartbeats and check-ins are not events,
 * and the tables have the last ones only. One after `at` counts as one at `at`.
 */
export const detailsOfStream = async (
  pool: Pool,
  license: IssuedLicense,
  needed: WantedDetails,
  at: Instant | null = null,
): Promise<ValidationDetails> => {
  const { facts } = license;
  const { lease, ...rest } = detailsIn(license, needed);
  const by = (instant: Instant | null) => (instant === null || at === null ? instant : earlier(instant, at));
  return asTenant(pool, facts.issuerOrgId, async (db) => ({
    ...rest,
    leaseUntil:
      lease === null
        ? rest.leaseUntil
        : aliveUntil(lease, lease.borrow ? null : by(await lastHeartbeat(db, facts, lease.leaseId))),
    lastCheckInAt: needed.checkIn === true ? by(await lastCheckIn(db, facts)) : null,
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
  for (const [id, { fingerprintHash, components, userRef, environment }] of activations)
    if (needed.some((parts) => Object.entries(parts).some(([name, hash]) => components[name] === hash)))
      devices.push({ id, fingerprintHash, components, userRef, environment });
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
