import { catalogAggregate, organizationAggregate } from '../../aggregates/aggregates.ts';
import { refuseUnknownProducts } from '../../domain/catalog/known-products.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { productScope } from '../../postgres/product-scope.ts';
import type { Refusal } from '../refusal.ts';

/** The products that an API key is to reach; null or absent: all, or those that it has. `apiKeyId` null: it is new. */
export type ProductsOfKey = {
  readonly organizationId: string;
  readonly apiKeyId: string | null;
  readonly products: readonly string[] | null | undefined;
};

/**
 * Refuses products of an API key that the catalog does not know, because the key would reach nothing by them. A key
 * keeps the unknown ones that it has. A caller that is limited to products hands on its own only, so it needs no
 * catalog.
 */
export const refuseProductsOfKey = async (
  executor: Executor,
  { organizationId, apiKeyId, products }: ProductsOfKey,
): Promise<Refusal | null> => {
  if (products === null || products === undefined || productScope() !== null) return null;
  const kept =
    apiKeyId === null
      ? []
      : await executor.read(organizationAggregate, organizationId, (organization) =>
          organization.kind === 'created' ? (organization.apiKeys.get(apiKeyId)?.products ?? []) : [],
        );
  return executor.read(catalogAggregate, organizationId, (catalog) => refuseUnknownProducts(products, catalog, kept));
};
