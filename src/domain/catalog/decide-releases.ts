import { type Rejection, reject } from '../decider.ts';
import { canonicalVersion } from '../license/validation/app-versions.ts';
import { isInstant } from '../time.ts';
import { type OpenCatalog, releaseKey } from './catalog.ts';
import type { CatalogDecision, CatalogRejection, CommandOf, ReleaseContent } from './commands.ts';
import type { ReleaseName } from './events.ts';

/**
 * Adds a release of a product, also of an archived one, because its licenses keep it. The same release again changes
 * nothing. Another content needs a withdrawal first, so that nobody moves a release by mistake.
 */
export const publishRelease = ({ data, at }: CommandOf<'PublishRelease'>, catalog: OpenCatalog): CatalogDecision => {
  const refusal = refuseUnknownProduct(data.product, catalog) ?? refuseContent(data);
  if (refusal !== null) return refusal;
  const version = canonicalVersion(data.version);
  if (version === null) return notVersion(data.version);
  const { product, channel } = data;
  const known = catalog.releases.get(releaseKey({ product, version }));
  if (known !== undefined && known.withdrawnAt === null) {
    const isSame = known.channel === channel && (data.releasedAt ?? known.releasedAt) === known.releasedAt;
    return isSame ? [] : exists({ product, version, ...known });
  }
  if (known === undefined && (catalog.releaseCounts.get(product) ?? 0) >= releasesMax)
    return reject(
      'RELEASE_LIMIT_EXCEEDED',
      `The product ${product} has ${releasesMax} releases, which is the limit. Publish only versions that customers get.`,
    );
  const releasedAt = data.releasedAt ?? at;
  return [{ type: 'ReleasePublished', data: { product, version, releasedAt, channel } }];
};

/** Withdraws a release, so that it no longer counts. Changes nothing when it is withdrawn. */
export const withdrawRelease = ({ data }: CommandOf<'WithdrawRelease'>, catalog: OpenCatalog): CatalogDecision => {
  const { product } = data;
  const version = canonicalVersion(data.version) ?? '';
  const known = catalog.releases.get(releaseKey({ product, version }));
  if (known === undefined)
    return refuseUnknownProduct(product, catalog) ?? noSuchRelease({ product, version: data.version });
  return known.withdrawnAt !== null ? [] : [{ type: 'ReleaseWithdrawn', data: { product, version } }];
};

/** The most releases of one product, with the withdrawn ones. It bounds the memory and the snapshots of a catalog. */
export const releasesMax = 20_000;

/** The pattern of the name of a channel. */
export const channelPattern = /^[a-z][a-z0-9_-]{0,29}$/;

/** Returns the refusal of a release that its product does not have. */
export const noSuchRelease = ({ product, version }: ReleaseName): Rejection<'NOT_FOUND'> =>
  reject(
    'NOT_FOUND',
    `The product ${product} has no release ${JSON.stringify(version)}. List its releases, or publish this one.`,
  );

/** Returns the refusal of a release of a product that the catalog does not have. */
export const noProductOfRelease = (code: string): Rejection<'NOT_FOUND'> =>
  reject('NOT_FOUND', `This catalog has no product ${JSON.stringify(code)}. Check the code, or add the product.`);

const refuseUnknownProduct = (code: string, { productIds }: OpenCatalog): Rejection<CatalogRejection> | null =>
  productIds.has(code) ? null : noProductOfRelease(code);

const refuseContent = ({ channel, releasedAt }: ReleaseContent): Rejection<CatalogRejection> | null => {
  if (!channelPattern.test(channel)) {
    const rule = 'A channel has 1 to 30 characters: a–z, 0–9, _ and -, the first one a letter';
    return reject('INVALID_REQUEST', `${rule}, not ${JSON.stringify(channel)}.`, 'channel');
  }
  return releasedAt === null || isInstant(releasedAt)
    ? null
    : reject('INVALID_REQUEST', `${releasedAt} is not an instant like 2026-01-31T00:00:00.000Z.`, 'releasedAt');
};

const notVersion = (text: string): Rejection<CatalogRejection> =>
  reject(
    'INVALID_REQUEST',
    `${JSON.stringify(text)} is not a version of SemVer like 2.1.0 or 3.0.0-beta.1.`,
    'version',
  );

const exists = ({ product, version, channel, releasedAt }: ReleaseContent): Rejection<CatalogRejection> =>
  reject(
    'RELEASE_EXISTS',
    `The release ${version} of ${product} is in the catalog, in the channel ${channel}, released at ${releasedAt}. Withdraw it first to correct it.`,
    'version',
  );
