import type { Route } from '../route.ts';
import { activateLicense, type ClientCommandNeeds } from './activate.ts';
import { reinstateLicense, renewLicense, revokeLicense, suspendLicense } from './commands.ts';
import { deactivateLicense } from './deactivate.ts';
import { licenseHistory } from './history.ts';
import { type IssueNeeds, issueLicense } from './issue.ts';
import { getLicense, listActivations, listLicensesRoute, type ReadNeeds } from './read.ts';
import { validateLicense } from './validate.ts';

export type LicenseRouteNeeds = ClientCommandNeeds & IssueNeeds & ReadNeeds;

/** What whoever has a license key may do. */
export const clientRoutes = (needs: LicenseRouteNeeds): readonly Route[] => [
  validateLicense(needs),
  activateLicense(needs),
  deactivateLicense(needs),
];

/** What an organization does with the licenses that it issues or holds. */
export const licenseRoutes = (needs: LicenseRouteNeeds): readonly Route[] => [
  issueLicense(needs),
  listLicensesRoute(needs),
  getLicense(needs),
  listActivations(needs),
  licenseHistory(needs),
  suspendLicense(needs),
  reinstateLicense(needs),
  renewLicense(needs),
  revokeLicense(needs),
];
