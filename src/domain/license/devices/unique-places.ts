import { reject } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { LicenseRejection } from '../commands.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { wasReleased } from './device-matching.ts';

/** Licenses among which a device may be active on one only: those of one policy, of one product, or of one issuer. */
export type UniquePlace = { readonly scope: 'POLICY' | 'PRODUCT' | 'ISSUER'; readonly of: string };

/**
 * What was reserved for a device before its activation. `activationIds`: the activations that the reservations were made
 * for. Once one of them has ended, another license may have the device.
 */
export type ReservedDevice = {
  readonly places: readonly UniquePlace[];
  readonly activationIds: readonly string[];
};

/** Returns the places in which each device of a license must be the only one; none when other licenses do not matter. */
export const uniquePlacesOf = ({
  policy,
  products,
  issuerOrgId,
}: Pick<LicenseFacts, 'policy' | 'products' | 'issuerOrgId'>): readonly UniquePlace[] => {
  const { fingerprintUniqueness: scope = 'LICENSE', policyId } = policy;
  switch (scope) {
    case 'LICENSE':
      return [];
    case 'POLICY':
      return [{ scope, of: policyId }];
    case 'PRODUCT':
      return products.toSorted().map((of) => ({ scope, of }));
    case 'ISSUER':
      return [{ scope, of: issuerOrgId }];
  }
};

/** Returns true when the license must be the only one in this place to have its devices. */
export const takesPart = (facts: Parameters<typeof uniquePlacesOf>[0], { scope, of }: UniquePlace): boolean =>
  uniquePlacesOf(facts).some((place) => place.scope === scope && place.of === of);

/**
 * Refuses to activate a device that is not reserved in each place, or whose reservation was used up: the license released
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
