import type { Pool } from 'pg';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { isLicenseParked } from '../../projections/queries/parked-licenses.ts';
import { type ActivationView, devicesInUse } from '../../projections/tables/activations.ts';
import { leasesInUse } from '../../projections/tables/leases.ts';
import { type ClientRequest, seesNames } from '../client-license.ts';
import { unrecordedEnds } from '../reading/parked-license.ts';
import type { Refusal } from '../refusal.ts';

/**
 * Adds the active devices or the taken seats to a refusal because of their limit, so that the client can offer to
 * replace one. A credential of an organization sees everything. The bearer of the key sees what the policy lets it see:
 * ids, platforms and when each was last seen; names only where the policy says so. A policy from before that rule shows
 * devices with their names, and no seats. What a change that has fallen due has ended is not listed. `userRef`: the
 * user of the device; where this user has too many, only the user's devices are listed.
 */
export const withUseAtLimit = async (
  { pool, executor, now }: { readonly pool: Pool; readonly executor: Executor; readonly now: () => Instant },
  request: Pick<ClientRequest, 'by' | 'license'>,
  refusal: Refusal,
  userRef: string | null = null,
): Promise<Refusal> => {
  if (refusal.rejected !== 'ACTIVATION_LIMIT_EXCEEDED' && refusal.rejected !== 'SEAT_LIMIT_EXCEEDED') return refusal;
  const { facts, isParked } = request.license;
  const { issuerOrgId, licenseId } = facts;
  // The rows of a parked license do not show its current devices.
  if (isParked && (await isLicenseParked(pool, licenseId))) return refusal;
  const ended = await unrecordedEnds(executor, { licenseId, at: now() });
  const names = seesNames(request, facts);
  if (refusal.rejected === 'ACTIVATION_LIMIT_EXCEEDED') {
    const isOfUser = refusal.place?.[0] === 'user';
    const devices = await asTenant(pool, issuerOrgId, (db) =>
      devicesInUse(db, licenseId, { limit: listedMax, except: ended.activations, userRef: isOfUser ? userRef : null }),
    );
    return { ...refusal, details: { activations: devices.map(names === false ? unnamed : whole) } };
  }
  if (names === undefined) return refusal;
  const leases = await asTenant(pool, issuerOrgId, (db) =>
    leasesInUse(db, licenseId, { limit: listedMax, except: ended.leases }),
  );
  return { ...refusal, details: { leases: leases.map(({ name, ...lease }) => (names ? { ...lease, name } : lease)) } };
};

const listedMax = 100;

const unnamed = ({ activationId: id, platform, lastSeenAt }: ActivationView) => ({ id, platform, lastSeenAt });

const whole = ({ activationId: id, ...device }: ActivationView) => {
  const { userRef: _userRef, environment: _environment, metadata: _metadata, ...activation } = device;
  return { id, ...activation };
};
