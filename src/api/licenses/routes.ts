import type { Route } from '../route.ts';
import { acquireLease } from './acquire-lease.ts';
import { activateLicense, type ClientCommandNeeds } from './activate.ts';
import { reinstateLicense, renewLicense, revokeLicense, suspendLicense } from './commands.ts';
import { deactivateLicense } from './deactivate.ts';
import { licenseFeatures } from './features.ts';
import { licenseHistory } from './history.ts';
import { type IssueNeeds, issueLicense } from './issue.ts';
import { releaseLease, renewLease } from './keep-lease.ts';
import { getLicense, listActivations, listLicensesRoute, type ReadNeeds } from './read.ts';
import { swapActivation } from './swap.ts';
import { recordUsage } from './usage.ts';
import { validateLicense } from './validate.ts';

export type LicenseRouteNeeds = ClientCommandNeeds & IssueNeeds & ReadNeeds;

/** What whoever has a license key may do. */
export const clientRoutes = (needs: LicenseRouteNeeds): readonly Route[] => [
  validateLicense(needs),
  renewLease(needs),
  activateLicense(needs),
  acquireLease(needs),
  releaseLease(needs),
  deactivateLicense(needs),
  swapActivation(needs),
  recordUsage(needs),
  licenseFeatures(needs),
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
