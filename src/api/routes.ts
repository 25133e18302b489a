import { activateLicense, type ClientCommandNeeds } from './licenses/activate.ts';
import { reinstateLicense, renewLicense, revokeLicense, suspendLicense } from './licenses/commands.ts';
import { deactivateLicense } from './licenses/deactivate.ts';
import { licenseHistory } from './licenses/history.ts';
import { type IssueNeeds, issueLicense } from './licenses/issue.ts';
import { getLicense, listActivations, listLicensesRoute } from './licenses/read.ts';
import { validateLicense } from './licenses/validate.ts';
import type { Route } from './route.ts';

export type RouteNeeds = ClientCommandNeeds & IssueNeeds;

/** Every operation, the most frequent first, because the router tries them in this order. */
export const createRoutes = (needs: RouteNeeds): readonly Route[] => [
  validateLicense(needs),
  activateLicense(needs),
  deactivateLicense(needs),
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
