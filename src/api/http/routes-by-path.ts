import { permissions } from '../../domain/permissions.ts';
import type { Route } from '../route.ts';

/** Groups routes by path, in their order. Throws for a route that is defined twice or does not say who may call it. */
export const routesByPath = (routes: readonly Route[]): ReadonlyMap<string, readonly Route[]> => {
  const byPath = new Map<string, Route[]>();
  const operationIds = new Set<string>();
  for (const route of routes) {
    const here = byPath.get(route.path) ?? [];
    if (operationIds.has(route.operationId) || here.some(({ method }) => method === route.method)) {
      throw new Error(`The route ${route.operationId} (${route.method} ${route.path}) is defined twice.`);
    }
    refuseUndeclared(route);
    operationIds.add(route.operationId);
    byPath.set(route.path, [...here, route]);
  }
  return byPath;
};

// The types demand it as well. This check protects a route that was built by hand from being open to everybody.
const refuseUndeclared = ({ operationId, access }: Route): void => {
  const declared: { readonly kind?: string; readonly permission?: string } = access ?? {};
  const isKnown =
    declared.kind === 'user' ||
    declared.kind === 'anybody' ||
    ((declared.kind === 'organization' || declared.kind === 'license') &&
      declared.permission !== undefined &&
      Object.hasOwn(permissions, declared.permission));
  if (!isKnown) throw new Error(`The route ${operationId} does not declare who may call it.`);
};
