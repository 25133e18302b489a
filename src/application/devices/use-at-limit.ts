import type { Pool } from 'pg';
import { asTenant } from '../../postgres/tenant.ts';
import { type ActivationView, devicesInUse } from '../../projections/tables/activations.ts';
import { leasesInUse } from '../../projections/tables/leases.ts';
import { type ClientRequest, seesNames } from '../client-license.ts';
import type { Refusal } from '../refusal.ts';

/**
 * Adds the active devices or the taken seats to a refusal because of their limit, so that the client can offer to
 * replace one. A credential of an organization sees everything. The bearer of the key sees what the policy lets it see:
 * ids, platforms and when each was last seen; names only where the policy says so. A policy from before that rule shows
 * devices with their names, and no seats.
 */
export const withUseAtLimit = async (
  pool: Pool,
  request: Pick<ClientRequest, 'by' | 'license'>,
  refusal: Refusal,
): Promise<Refusal> => {
  const { facts, isParked } = request.license;
  // The rows of a parked license do not show its current devices.
  if (isParked) return refusal;
  const { issuerOrgId, licenseId } = facts;
  const names = seesNames(request, facts);
  if (refusal.rejected === 'ACTIVATION_LIMIT_EXCEEDED') {
    const devices = await asTenant(pool, issuerOrgId, (db) => devicesInUse(db, licenseId, listedMax));
    return { ...refusal, details: { activations: devices.map(names === false ? unnamed : whole) } };
  }
  if (refusal.rejected !== 'SEAT_LIMIT_EXCEEDED' || names === undefined) return refusal;
  const leases = await asTenant(pool, issuerOrgId, (db) => leasesInUse(db, licenseId, listedMax));
  return { ...refusal, details: { leases: leases.map(({ name, ...lease }) => (names ? { ...lease, name } : lease)) } };
};

const listedMax = 100;

type Seen = ActivationView & { readonly lastSeenAt: string };

const unnamed = ({ activationId: id, platform, lastSeenAt }: Seen) => ({ id, platform, lastSeenAt });

const whole = ({ activationId: id, userRef: _userRef, environment: _environment, ...activation }: Seen) => ({
  id,
  ...activation,
});
