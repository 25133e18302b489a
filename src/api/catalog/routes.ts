import type { Route } from '../route.ts';
import type { CatalogNeeds } from './catalog-needs.ts';
import { archivePolicyRoute, changePolicyRoute, createPolicyRoute, getPolicy, listPoliciesRoute } from './policies.ts';
import {
  archiveProductRoute,
  changeProductRoute,
  createProductRoute,
  getProduct,
  listProductsRoute,
} from './products.ts';
import { getRelease, listReleasesRoute, publishReleaseRoute, withdrawReleaseRoute } from './releases.ts';

/** The operations on the products, releases and policies of an organization. */
export const catalogRoutes = (needs: CatalogNeeds): readonly Route[] => [
  listProductsRoute(needs),
  createProductRoute(needs),
  getProduct(needs),
  changeProductRoute(needs),
  archiveProductRoute(needs),
  listReleasesRoute(needs),
  publishReleaseRoute(needs),
  getRelease(needs),
  withdrawReleaseRoute(needs),
  listPoliciesRoute(needs),
  createPolicyRoute(needs),
  getPolicy(needs),
  changePolicyRoute(needs),
  archivePolicyRoute(needs),
];
