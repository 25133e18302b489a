import type { Tier } from '../../domain/license/policy.ts';
import type { Route } from '../route.ts';

/** The part of a process that one tenant may take. Work is counted in units: an ordinary request has 16. */
export type Share = {
  /** How much of the work a tenant gets while others wait, relative to them. */
  readonly weight: number;
  /** The most units of a tenant that are worked on at a time while it is the only active one. */
  readonly aloneMax: number;
  /** The same while other tenants are active. It leaves most of the process to them. */
  readonly sharedMax: number;
  /** The most requests of a tenant that the process has taken in and not yet answered. */
  readonly presentMax: number;
};

/**
 * The share of each tier. `aloneMax` is less than `totals.runningMax` and, in ordinary requests, less than the
 * connections of the pool. So one tenant never takes every turn or every connection.
 */
export const shares: Readonly<Record<Tier, Share>> = {
  FREE: { weight: 1, aloneMax: 96, sharedMax: 32, presentMax: 256 },
  TRIAL: { weight: 2, aloneMax: 128, sharedMax: 32, presentMax: 512 },
  PRO: { weight: 2, aloneMax: 128, sharedMax: 32, presentMax: 512 },
  ENTERPRISE: { weight: 4, aloneMax: 128, sharedMax: 48, presentMax: 1_024 },
};

/** The most units and requests of all tenants together. */
export const totals = { runningMax: 256, presentMax: 4_096 } as const;

/** The units of an ordinary request. */
const ordinary = 16;
/** The units of a read by license key. One call of Postgres serves many of them. */
const light = 1;
/** The units of a request that keeps the process busy for several milliseconds: a page of a list, a password, an import. */
const heavy = 64;

/** Returns the units of a request of this operation. */
export const unitsOf = ({ access, effect, method, path, request }: Route): number => {
  if (access.kind === 'license') return effect === 'read' ? light : ordinary;
  const isOfPassword = access.kind === 'anybody' && method === 'post';
  const isPage = method === 'get' && 'shape' in request.shape.query && hasCursor(request.shape.query.shape);
  return isOfPassword || isPage || path.endsWith('/import') ? heavy : ordinary;
};

const hasCursor = (query: unknown): boolean => typeof query === 'object' && query !== null && 'cursor' in query;
