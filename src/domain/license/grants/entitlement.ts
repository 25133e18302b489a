import type { Instant } from '../../time.ts';

/** Lists the sources of an entitlement. */
export const entitlementSources = ['tier', 'product', 'grant', 'trial'] as const;

/** A feature that a license grants. Several sources may grant one code; each has its own value, limit and end. */
export type Entitlement = {
  readonly code: string;
  readonly value: string | null;
  readonly limit: number | null;
  readonly until: Instant | null;
  readonly source: (typeof entitlementSources)[number];
};

/** Identifies an entitlement of a license: there is one for each code and source. */
export type EntitlementName = Pick<Entitlement, 'code' | 'source'>;

/** Returns true when both are the entitlement of one code from one source, whatever they grant. */
export const hasSameName = (a: EntitlementName, b: EntitlementName): boolean =>
  a.code === b.code && a.source === b.source;

/** Returns true when both grant the same. */
export const isSameEntitlement = (a: Entitlement, b: Entitlement): boolean =>
  hasSameName(a, b) && a.value === b.value && a.limit === b.limit && a.until === b.until;

/** The pattern of an entitlement's code. */
export const entitlementPattern = /^[a-z][a-z0-9_.:-]{0,63}$/;
