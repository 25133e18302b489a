import type { Route } from '../route.ts';
import { acquireLease } from './acquire-lease.ts';
import { activateLicense, type ClientCommandNeeds } from './activate.ts';
import { changeLicenseEntitlements, changeLicenseLimits, changeLicenseProducts } from './change-grants.ts';
import { changeLicensePolicy, changeLicenseTier, convertTrialLicense } from './change-policy.ts';
import { cancelScheduledChange, changeLicenseExpiry, setLicenseRenewal } from './change-term.ts';
import { reinstateLicense, renewLicense, revokeLicense, suspendLicense } from './commands.ts';
import { deactivateLicense } from './deactivate.ts';
import { licenseFeatures } from './features.ts';
import { licenseHistory } from './history.ts';
import { importLicense } from './import.ts';
import { issueLicense } from './issue.ts';
import { releaseLease, renewLease } from './keep-lease.ts';
import type { OriginNeeds } from './originate.ts';
import { patchLicense } from './patch.ts';
import { getLicense, listActivations, listLicensesRoute, type ReadNeeds } from './read.ts';
import { releaseActivation } from './release-activation.ts';
import { rotateLicenseKey } from './rotate-key.ts';
import { swapActivation } from './swap.ts';
import { transferLicense } from './transfer.ts';
import { recordUsage } from './usage.ts';
import { assignLicenseUser, listLicenseUsers, unassignLicenseUser } from './users.ts';
import { validateLicense } from './validate.ts';

export type LicenseRouteNeeds = ClientCommandNeeds & OriginNeeds & ReadNeeds;

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
  importLicense(needs),
  listLicensesRoute(needs),
  getLicense(needs),
  patchLicense(needs),
  listActivations(needs),
  releaseActivation(needs),
  listLicenseUsers(needs),
  assignLicenseUser(needs),
  unassignLicenseUser(needs),
  licenseHistory(needs),
  suspendLicense(needs),
  reinstateLicense(needs),
  renewLicense(needs),
  revokeLicense(needs),
  changeLicenseExpiry(needs),
  setLicenseRenewal(needs),
  cancelScheduledChange(needs),
  changeLicenseTier(needs),
  changeLicensePolicy(needs),
  convertTrialLicense(needs),
  changeLicenseLimits(needs),
  changeLicenseProducts(needs),
  changeLicenseEntitlements(needs),
  transferLicense(needs),
  rotateLicenseKey(needs),
];
