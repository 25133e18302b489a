import { builtInPolicyIds } from '../../aggregates/built-in-policy-ids.ts';
import { encodeId } from '../../domain/ids.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import type { Refusal } from '../refusal.ts';
import { type CatalogCommandNeeds, type CatalogRequest, changeCatalog } from './change-catalog.ts';
import { type ChangedProduct, productView } from './product-view.ts';

/** A new product. Licenses name it by its code, which never changes. */
export type NewProduct = { readonly code: string; readonly name: string; readonly description: string | null };

/** Adds a product to the caller's catalog. The first product opens the catalog, with a policy of each tier for it. */
export const createProduct = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  newProduct: NewProduct,
): Promise<ChangedProduct | Refusal> => {
  const { organizationId: issuerOrgId } = request.caller;
  const productId = encodeId('prd', aggregateId(request.attempt.commandId, 'product'));
  const product = { productId, ...newProduct };
  const policyIds = builtInPolicyIds(issuerOrgId);
  return changeCatalog(needs, request, {
    commandOn: ({ kind }, at) =>
      kind === 'open'
        ? { type: 'CreateProduct', at, data: product }
        : { type: 'OpenCatalog', at, data: { issuerOrgId, products: [product], policyIds } },
    view: (catalog) => productView(catalog, productId),
  });
};
