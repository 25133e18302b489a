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
  /**
   * The most requests of a tenant that the process has taken in and not yet answered. Reads by license key count apart.
   */
  readonly presentMax: number;
};

/**
 * The share of each tier. `aloneMax` is less than the total of known tenants and, in ordinary requests, less than the
 * connections of the pool. So one tenant never takes every turn or every connection.
 */
export const shares: Readonly<Record<Tier, Share>> = {
  FREE: { weight: 1, aloneMax: 96, sharedMax: 32, presentMax: 256 },
  TRIAL: { weight: 2, aloneMax: 128, sharedMax: 32, presentMax: 512 },
  PRO: { weight: 2, aloneMax: 128, sharedMax: 32, presentMax: 512 },
  ENTERPRISE: { weight: 4, aloneMax: 128, sharedMax: 48, presentMax: 1_024 },
};

/** The share of one address of clients whose credential has not worked yet. */
export const strangerShare: Share = { weight: 1, aloneMax: 32, sharedMax: 32, presentMax: 128 };

/** The most units at a time, and the most requests, of all tenants of a kind together. */
type Totals = { readonly runningMax: number; readonly presentMax: number };

/**
 * What the tenants of a crowd have together. Each part is a reserve that no other work takes. `light`: reads by license
 * key. `work`: everything else. `commands`: commands between their first turn and their answer, also those that wait
 * for the event store; `tenantMax` for one tenant.
 */
export type CrowdTotals = {
  readonly light: Totals;
  readonly work: Totals;
  readonly commands: { readonly runningMax: number; readonly tenantMax: number };
};

/** Known tenants and strangers have nothing in common, so strangers cannot take the places of the known ones. */
export const totals: Readonly<Record<'known' | 'strangers', CrowdTotals>> = {
  known: {
    light: { runningMax: 160, presentMax: 1_536 },
    work: { runningMax: 256, presentMax: 1_536 },
    commands: { runningMax: 1_024, tenantMax: 32 },
  },
  // As many commands as passwords.ts lets wait, so that a login of another address finds a place there.
  strangers: {
    light: { runningMax: 64, presentMax: 512 },
    work: { runningMax: 64, presentMax: 512 },
    commands: { runningMax: 32, tenantMax: 8 },
  },
};

/** What the turn of a request is for. */
export type Work = {
  readonly units: number;
  /** True for a read by license key. */
  readonly isLight: boolean;
  /** True for a request that may wait for the event store. */
  readonly isCommand: boolean;
};

/** The units of an ordinary request. */
const ordinary = 16;
/** The units of a read by license key. One call of Postgres serves many of them. */
const light = 1;
/** The units of a page of a list, and of another operation with `isHeavy`. */
const heavy = 64;

/** The check of a credential that is not known yet. */
export const checkOfCredential: Work = { units: ordinary, isLight: false, isCommand: false };

/** Returns the work of a request of this operation. Hashing a password has a bound of its own (passwords.ts). */
export const workOf = ({ access, effect, method, request, isHeavy = false }: Route): Work => {
  const isCommand = effect === 'append' || effect === 'change';
  if (access.kind === 'license' && effect === 'read') return { units: light, isLight: true, isCommand };
  const isPage = method === 'get' && 'shape' in request.shape.query && hasCursor(request.shape.query.shape);
  return { units: isHeavy || isPage ? heavy : ordinary, isLight: false, isCommand };
};

const hasCursor = (query: unknown): boolean => typeof query === 'object' && query !== null && 'cursor' in query;
