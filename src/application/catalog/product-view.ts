import type { Catalog, OpenCatalog, Product } from '../../domain/catalog/catalog.ts';
import { reject } from '../../domain/decider.ts';
import type { ChangedCatalog } from './change-catalog.ts';

/** A product right after a change. */
export type ChangedProduct = ChangedCatalog<Product & { readonly productId: string }>;

/**
 * The refusal of a product that does not exist or belongs to another organization, and of every product of a catalog
 * that is not open.
 */
export const noSuchProduct = reject('NOT_FOUND', 'There is no such product.');

/** Returns the product of a catalog, or undefined when the catalog does not have it. */
export const productIn = (catalog: Catalog, productId: string): Product | undefined =>
  catalog.kind === 'open' ? catalog.products.get(productId) : undefined;

/** Returns what the result of a command needs of its product. */
export const productView = ({ products }: OpenCatalog, productId: string) => {
  const product = products.get(productId);
  if (product === undefined) throw new Error(`A command was accepted on ${productId}, which is not in the catalog.`);
  return { ...product, productId };
};
