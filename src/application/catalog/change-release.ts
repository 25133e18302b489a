import { type OpenCatalog, type Release, releaseKey } from '../../domain/catalog/catalog.ts';
import type { CatalogCommand, ReleaseContent } from '../../domain/catalog/commands.ts';
import { noProductOfRelease } from '../../domain/catalog/decide-releases.ts';
import type { ReleaseName } from '../../domain/catalog/events.ts';
import { canonicalVersion } from '../../domain/license/validation/app-versions.ts';
import type { Instant } from '../../domain/time.ts';
import type { Refusal } from '../refusal.ts';
import { type CatalogCommandNeeds, type CatalogRequest, type ChangedCatalog, changeCatalog } from './change-catalog.ts';

/** A release right after a change. `changed` is false when it was so before. */
export type ChangedRelease = ChangedCatalog<Release & ReleaseName>;

/** Adds a release of a product to the caller's catalog. */
export const publishRelease = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  release: ReleaseContent,
): Promise<ChangedRelease | Refusal> =>
  changeRelease(needs, request, release, (at) => ({ type: 'PublishRelease', at, data: release }));

/** Withdraws a release, so that it no longer counts. */
export const withdrawRelease = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  { product, version }: ReleaseName,
): Promise<ChangedRelease | Refusal> =>
  changeRelease(needs, request, { product, version }, (at) => ({
    type: 'WithdrawRelease',
    at,
    data: { product, version },
  }));

const changeRelease = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  name: ReleaseName,
  commandAt: (at: Instant) => CatalogCommand,
): Promise<ChangedRelease | Refusal> =>
  changeCatalog(needs, request, {
    commandOn: ({ kind }, at) => (kind === 'unopened' ? noProductOfRelease(name.product) : commandAt(at)),
    view: (catalog) => viewOf(catalog, name),
  });

const viewOf = ({ releases }: OpenCatalog, { product, version }: ReleaseName): ChangedRelease['view'] => {
  const name = { product, version: canonicalVersion(version) ?? '' };
  const release = releases.get(releaseKey(name));
  if (release === undefined)
    throw new Error(`A command was accepted on ${releaseKey(name)}, which is not in the catalog.`);
  return { ...release, ...name };
};
