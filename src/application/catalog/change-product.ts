import { builtInPolicyIds } from '../../aggregates/derived-ids.ts';
import type { Catalog, OpenCatalog, Product } from '../../domain/catalog/catalog.ts';
import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import type { Refusal } from '../refusal.ts';
import { type CatalogCommandNeeds, type CatalogRequest, type ChangedCatalog, changeCatalog } from './change-catalog.ts';

/** A product right after a change. */
export type ChangedProduct = ChangedCatalog<Product & { readonly productId: string }>;

/**
 * Refuses a product that never was, that is another organization's, or whose catalog is not open: all get one answer.
 */
export const noSuchProduct = reject('NOT_FOUND', 'There is no such product.');

/** Adds a product to the caller's catalog. The first one opens the catalog with a policy of each tier over it. */
export const createProduct = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  given: { readonly code: string; readonly name: string; readonly description: string | null },
): Promise<ChangedProduct | Refusal> => {
  const { organizationId: issuerOrgId } = request.caller;
  const productId = encodeId('prd', aggregateId(request.attempt.commandId, 'product'));
  const product = { productId, ...given };
  const policyIds = builtInPolicyIds(issuerOrgId);
  return changeCatalog(needs, request, {
    commandOn: ({ kind }, at) =>
      kind === 'open'
        ? { type: 'CreateProduct', at, data: product }
        : { type: 'OpenCatalog', at, data: { issuerOrgId, products: [product], policyIds } },
    view: (catalog) => viewOf(catalog, productId),
  });
};

/** Changes a product. What is absent stays as it is; the code never changes. */
export const changeProduct = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  productId: string,
  change: { readonly name?: string | undefined; readonly description?: string | null | undefined },
): Promise<ChangedProduct | Refusal> =>
  changeCatalog(needs, request, {
    commandOn: (catalog, at) => {
      const product = productIn(catalog, productId);
      if (product === undefined) return noSuchProduct;
      const { name = product.name, description = product.description } = change;
      return { type: 'ChangeProduct', at, data: { productId, name, description } };
    },
    view: (catalog) => viewOf(catalog, productId),
  });

/** Archives a product: it is no longer sold, and licenses that cover it keep it. */
export const archiveProduct = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  productId: string,
): Promise<ChangedProduct | Refusal> =>
  changeCatalog(needs, request, {
    commandOn: (catalog, at) =>
      productIn(catalog, productId) === undefined ? noSuchProduct : { type: 'ArchiveProduct', at, data: { productId } },
    view: (catalog) => viewOf(catalog, productId),
  });

const productIn = (catalog: Catalog, productId: string): Product | undefined =>
  catalog.kind === 'open' ? catalog.products.get(productId) : undefined;

const viewOf = ({ products }: OpenCatalog, productId: string) => {
  const product = products.get(productId);
  if (product === undefined) throw new Error(`A command was accepted on ${productId}, which is not in the catalog.`);
  return { ...product, productId };
};
