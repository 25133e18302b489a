import { reject } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { LicenseRejection } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { wasReleased } from './device-matching.ts';
import { type ReservedDevice, uniquePlacesOf } from './unique-places.ts';

/**
 * Refuses to activate a device that is not reserved in each place. A reservation is used up once the license has released
 * the activation that it was made for. The caller then reserves the device and sends the command again.
 */
export const refuseUnreserved = (
  license: IssuedLicense,
  { reserved }: { readonly reserved?: ReservedDevice },
  at: Instant,
) => {
  const places = uniquePlacesOf(license.facts);
  if (places.length === 0) return null;
  const { places: known, activationIds } = reserved ?? { places: [], activationIds: [] };
  const covered = places.every(({ scope, of }) => known.some((place) => place.scope === scope && place.of === of));
  const isUsedUp = activationIds.some((activationId) => wasReleased(license, { activationId }, at));
  return covered && !isUsedUp ? null : deviceActiveElsewhere;
};

/** The refusal of a device that another license has, or that is not reserved for this license. */
export const deviceActiveElsewhere = reject<LicenseRejection>(
  'DEVICE_ACTIVE_ELSEWHERE',
  'The policy allows a device on one license only, and another license has this device. Deactivate it on that license first, or ask the issuer to release it there.',
  'fingerprint',
);
