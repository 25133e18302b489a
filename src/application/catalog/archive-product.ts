import type { Refusal } from '../refusal.ts';
import { type CatalogCommandNeeds, type CatalogRequest, changeCatalog } from './change-catalog.ts';
import { type ChangedProduct, noSuchProduct, productIn, productView } from './product-view.ts';

/** Archives a product. It is no longer sold, and licenses that cover it keep it. */
export const archiveProduct = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  productId: string,
): Promise<ChangedProduct | Refusal> =>
  changeCatalog(needs, request, {
    commandOn: (catalog, at) =>
      productIn(catalog, productId) === undefined ? noSuchProduct : { type: 'ArchiveProduct', at, data: { productId } },
    view: (catalog) => productView(catalog, productId),
  });
