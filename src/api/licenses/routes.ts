import type { KeyNeeds } from '../../application/licenses/rotate-key.ts';
import type { Route } from '../route.ts';
import { activateLicense } from './devices/activate.ts';
import { changeActivationRoute } from './devices/change-activation.ts';
import { deactivateLicense } from './devices/deactivate.ts';
import { releaseActivationRoute } from './devices/release-activation.ts';
import { searchDevicesRoute } from './devices/search-devices.ts';
import { swapActivation } from './devices/swap.ts';
import type { ClientRouteNeeds } from './find-client-license.ts';
import { changeLicenseEntitlements, changeLicenseLimits, changeLicenseProducts } from './grants/change-grants.ts';
import { changeLicensePolicy, changeLicenseTier, convertTrialLicense } from './grants/change-policy.ts';
import { importLicenseRoute } from './issue/import.ts';
import { issueLicenseRoute } from './issue/issue.ts';
import { acquireLeaseRoute } from './leases/acquire-lease.ts';
import { listLeases, releaseLicenseLease } from './leases/license-seats.ts';
import { releaseLeaseRoute, renewLeaseRoute } from './leases/renew-lease.ts';
import { patchLicense } from './ownership/patch.ts';
import { endKeyOverlapRoute, rotateLicenseKey } from './ownership/rotate-key.ts';
import { transferLicenseRoute } from './ownership/transfer.ts';
import { listDenials } from './reading/denials.ts';
import { explainLicenseRoute } from './reading/explain-license.ts';
import { licenseHistory } from './reading/history.ts';
import { listHolders } from './reading/holders.ts';
import { getLicense, listActivations, listLicensesRoute, type ReadNeeds } from './reading/read-licenses.ts';
import { searchLicensesRoute } from './reading/search-route.ts';
import { licenseValidations, organizationValidations } from './reading/validations.ts';
import { reinstateLicenseRoute, revokeLicenseRoute, suspendLicenseRoute } from './status/change-status.ts';
import { changeLicenseMaintenance } from './term/change-maintenance.ts';
import {
  cancelScheduledChangeRoute,
  changeLicenseExpiry,
  renewLicenseRoute,
  setLicenseRenewal,
} from './term/change-term.ts';
import {
  assignLicenseUser,
  listLicenseUsers,
  unassignLicenseUser,
  unassignLicenseUserByName,
} from './usage/assigned-users.ts';
import { readUsageRoute } from './usage/read-usage.ts';
import { recordUsageRoute } from './usage/record-usage.ts';
import { resetUsageRoute } from './usage/reset-usage.ts';
import { explainValidationRoute } from './validation/explain.ts';
import { licenseFeatures } from './validation/features.ts';
import { validateLicenseRoute } from './validation/validate.ts';

export type LicenseRouteNeeds = ClientRouteNeeds & KeyNeeds & ReadNeeds;

/** The operations for the holder of a license key. */
export const clientRoutes = (needs: LicenseRouteNeeds): readonly Route[] => [
  validateLicenseRoute(needs),
  renewLeaseRoute(needs),
  activateLicense(needs),
  acquireLeaseRoute(needs),
  releaseLeaseRoute(needs),
  deactivateLicense(needs),
  swapActivation(needs),
  recordUsageRoute(needs),
  licenseFeatures(needs),
];

/** The operations of an organization on the licenses that it issues or holds. */
export const licenseRoutes = (needs: LicenseRouteNeeds): readonly Route[] => [
  issueLicenseRoute(needs),
  importLicenseRoute(needs),
  explainValidationRoute(needs),
  listLicensesRoute(needs),
  searchLicensesRoute(needs),
  listHolders(needs),
  getLicense(needs),
  patchLicense(needs),
  listActivations(needs),
  searchDevicesRoute(needs),
  changeActivationRoute(needs),
  releaseActivationRoute(needs),
  listLeases(needs),
  releaseLicenseLease(needs),
  listLicenseUsers(needs),
  assignLicenseUser(needs),
  unassignLicenseUser(needs),
  unassignLicenseUserByName(needs),
  licenseHistory(needs),
  explainLicenseRoute(needs),
  licenseValidations(needs),
  organizationValidations(needs),
  listDenials(needs),
  readUsageRoute(needs),
  resetUsageRoute(needs),
  suspendLicenseRoute(needs),
  reinstateLicenseRoute(needs),
  renewLicenseRoute(needs),
  revokeLicenseRoute(needs),
  changeLicenseExpiry(needs),
  changeLicenseMaintenance(needs),
  setLicenseRenewal(needs),
  cancelScheduledChangeRoute(needs),
  changeLicenseTier(needs),
  changeLicensePolicy(needs),
  convertTrialLicense(needs),
  changeLicenseLimits(needs),
  changeLicenseProducts(needs),
  changeLicenseEntitlements(needs),
  transferLicenseRoute(needs),
  rotateLicenseKey(needs),
  endKeyOverlapRoute(needs),
];
