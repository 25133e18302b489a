import type { NeededReservation } from './trial.ts';

/** The most open offers of one issuer to one organization. */
export const openOffersMax = 10;

/** Returns the places for the open offers of an issuer to an organization. Each is a reservation of its own. */
export const placesOf = (issuerOrgId: string, holderOrgId: string): readonly NeededReservation[] =>
  Array.from({ length: openOffersMax }, (_, number) => ({
    kind: 'offer',
    fields: [issuerOrgId, holderOrgId, String(number)],
  }));
