import type { LicenseFacts } from '../license.ts';

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
