import { type Instant, later } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';
import { type Maintained, releasesUntil, versionOrder } from './app-versions.ts';

/** A release as the issuer's catalog lists it. */
export type CatalogRelease = { readonly version: string; readonly releasedAt: Instant; readonly channel: string };

/** The version of an application; null: nobody says when it was released. */
export type DatedVersion = { readonly number: string; readonly releasedAt: Instant | null };

/** Returns true when the license asks when a version was released. */
export const needsRelease = (facts: LicenseFacts): boolean => {
  const { maintenance, releasedAtRequired } = facts.policy;
  // The start of a term that still waits may bring a maintenance.
  return releasesUntil(facts) !== null || maintenance !== undefined || releasedAtRequired === true;
};

/**
 * Returns the products that may have released a version: the named one, if the license covers it, or else every product
 * of the license.
 */
export const releasingProducts = ({ products }: LicenseFacts, product: string | null): readonly string[] =>
  product === null ? products : products.filter((code) => code === product);

/**
 * Returns a version with the instant of its release. The catalog decides, because a client could name an earlier
 * instant. When several products have the version, the latest release counts, because a client could be silent about
 * its product. Only for a version that the catalog does not list, the client's instant counts.
 */
export const datedBy = (
  { number, releasedAt }: DatedVersion,
  listed: readonly Pick<CatalogRelease, 'releasedAt'>[],
): DatedVersion => {
  const [first, ...others] = listed;
  if (first === undefined) return { number, releasedAt };
  return {
    number,
    releasedAt: others.reduce((latest, release) => later(latest, release.releasedAt), first.releasedAt),
  };
};

/** Releases of a product that a license covers: by `versionOrder` from one on and below another, and before an instant. */
export type EntitledReleases = {
  readonly product: string;
  readonly from: string | null;
  readonly below: string | null;
  readonly before: Instant | null;
};

/**
 * Returns which releases the license covers, of the named product, or of its only one. Returns null when it covers none,
 * because a bound of the policy cannot be read, or when the product is not clear.
 */
export const entitledReleases = (
  facts: Maintained & Pick<LicenseFacts, 'products'>,
  product: string | null,
): EntitledReleases | null => {
  const [only, ...others] = facts.products;
  const code = product ?? (others.length === 0 ? only : undefined);
  if (code === undefined || !facts.products.includes(code)) return null;
  const { from: first = null, below: end = null } = facts.policy.versions ?? {};
  const [from, below] = [first, end].map((bound) => (bound === null ? null : versionOrder(bound)));
  const isReadable = (first === null || from !== null) && (end === null || below !== null);
  return isReadable ? { product: code, from: from ?? null, below: below ?? null, before: releasesUntil(facts) } : null;
};
