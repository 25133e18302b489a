import type { Route } from '../route.ts';
import type { PackRouteNeeds } from './audit-needs.ts';
import { deletePackRoute, getPack, getPackFile, listPacksRoute, requestPackRoute } from './packs.ts';

/** The operations on evidence packs. */
export const auditRoutes = (needs: PackRouteNeeds): readonly Route[] => [
  requestPackRoute(needs),
  listPacksRoute(needs),
  getPack(needs),
  getPackFile(needs),
  deletePackRoute(needs),
];
