import type { KeyNeeds } from '../../application/licenses/rotate-key.ts';
import type { OrganizationNeeds } from '../organizations/organization-needs.ts';
import type { Route } from '../route.ts';
import { blockIssuerRoute, forgetIssuerRoute, listIssuers, trustIssuerRoute } from './issuers.ts';
import { acceptLicenseOffer, declineLicenseOffer, listLicenseOffers } from './offers.ts';

/** The operations of an organization on the licenses that are offered to it, and on their issuers. */
export const offerRoutes = (needs: OrganizationNeeds & KeyNeeds): readonly Route[] => [
  listLicenseOffers(needs),
  acceptLicenseOffer(needs),
  declineLicenseOffer(needs),
  listIssuers(needs),
  trustIssuerRoute(needs),
  blockIssuerRoute(needs),
  forgetIssuerRoute(needs),
];
