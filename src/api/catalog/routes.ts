import type { Route } from '../route.ts';
import type { CatalogNeeds } from './change-catalog.ts';
import { archivePolicy, changePolicy, createPolicy, getPolicy, listPoliciesRoute } from './policies.ts';
import { archiveProduct, changeProduct, createProduct, getProduct, listProductsRoute } from './products.ts';

/** What an organization sells, and under which policies. */
export const catalogRoutes = (needs: CatalogNeeds): readonly Route[] => [
  listProductsRoute(needs),
  createProduct(needs),
  getProduct(needs),
  changeProduct(needs),
  archiveProduct(needs),
  listPoliciesRoute(needs),
  createPolicy(needs),
  getPolicy(needs),
  changePolicy(needs),
  archivePolicy(needs),
];
