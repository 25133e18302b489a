import type { Instant } from '../../time.ts';

/** Lists the sources of an entitlement. */
export const entitlementSources = ['tier', 'product', 'grant', 'trial'] as const;

/**
 * What one source says about a feature of a license. Several sources may grant one code; each has its own value, limit
 * and end. `effectiveEntitlements` returns what the license grants of it.
 */
export type Entitlement = {
  readonly code: string;
  readonly value: string | null;
  readonly limit: number | null;
  readonly until: Instant | null;
  readonly source: (typeof entitlementSources)[number];
  /**
   * True: the license does not grant the code before `until`, whatever other sources say. Only a grant withholds, and
   * its value and limit are null. Absent: the source grants the code.
   */
  readonly withheld?: true;
};

/** Identifies an entitlement of a license: there is one for each code and source. */
export type EntitlementName = Pick<Entitlement, 'code' | 'source'>;

/** Returns true when both are the entitlement of one code from one source, whatever they grant. */
export const hasSameName = (a: EntitlementName, b: EntitlementName): boolean =>
  a.code === b.code && a.source === b.source;

/** Returns true when both say the same. */
export const isSameEntitlement = (a: Entitlement, b: Entitlement): boolean =>
  hasSameName(a, b) && a.value === b.value && a.limit === b.limit && a.until === b.until && a.withheld === b.withheld;

/** Returns true from the end of the entitlement on. */
export const isEnded = ({ until }: Pick<Entitlement, 'until'>, at: Instant): boolean => until !== null && at >= until;

/**
 * The most entitlements of the source `grant` that a license gets, ended and withheld ones included, and the most of a
 * policy. A license of an earlier build may have more.
 */
export const entitlementsMax = { ofLicense: 500, ofPolicy: 100 } as const;

/** The pattern of an entitlement's code. Codes are compared exactly, so `SSO` and `sso` are two. */
export const entitlementPattern = /^[A-Za-z][A-Za-z0-9_.:-]{0,63}$/;
