import type { Refusal } from '../refusal.ts';
import { type CatalogCommandNeeds, type CatalogRequest, changeCatalog } from './change-catalog.ts';
import { type ChangedProduct, noSuchProduct, productIn, productView } from './product-view.ts';

/** A change of a product. Absent members stay as they are. */
export type ProductChange = { readonly name?: string | undefined; readonly description?: string | null | undefined };

/** Changes a product. Its code never changes. */
export const changeProduct = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  productId: string,
  change: ProductChange,
): Promise<ChangedProduct | Refusal> =>
  changeCatalog(needs, request, {
    commandOn: (catalog, at) => {
      const product = productIn(catalog, productId);
      if (product === undefined) return noSuchProduct;
      const { name = product.name, description = product.description } = change;
      return { type: 'ChangeProduct', at, data: { productId, name, description } };
    },
    view: (catalog) => productView(catalog, productId),
  });
