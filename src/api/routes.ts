import { createCurrentValidations } from '../application/reading/current-validations.ts';
import type { ValidationRows } from '../projections/queries/validation.ts';
import { auditRoutes } from './audit/routes.ts';
import type { AuthNeeds } from './auth/auth-needs.ts';
import { authRoutes } from './auth/routes.ts';
import { catalogRoutes } from './catalog/routes.ts';
import { type EventRouteNeeds, eventRoutes } from './events/routes.ts';
import { clientRoutes, type LicenseRouteNeeds, licenseRoutes } from './licenses/routes.ts';
import { logRoutes } from './logs/routes.ts';
import { type HealthNeeds, healthRoutes } from './monitoring/health.ts';
import { offerRoutes } from './offers/routes.ts';
import type { OrganizationNeeds } from './organizations/organization-needs.ts';
import { organizationRoutes } from './organizations/routes.ts';
import type { Route } from './route.ts';

export type RouteNeeds = Omit<LicenseRouteNeeds, 'validations'> &
  AuthNeeds &
  OrganizationNeeds &
  EventRouteNeeds &
  HealthNeeds & { readonly validations: ValidationRows };

/**
 * Returns all operations, the most frequent first, because the router tries them in this order. A path without
 * parameters comes before a path with a parameter in the same place.
 */
export const createRoutes = (needs: RouteNeeds): readonly Route[] => {
  const licenseNeeds = { ...needs, validations: createCurrentValidations(needs.validations, needs) };
  return [
    ...clientRoutes(licenseNeeds),
    ...licenseRoutes(licenseNeeds),
    ...authRoutes(needs),
    ...organizationRoutes(needs),
    ...offerRoutes(needs),
    ...eventRoutes(needs),
    ...logRoutes(needs),
    ...catalogRoutes(needs),
    ...auditRoutes(needs),
    ...healthRoutes(needs),
  ];
};
