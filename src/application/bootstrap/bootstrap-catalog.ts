import { catalogAggregate } from '../../aggregates/aggregates.ts';
import { builtInPolicyIds } from '../../aggregates/built-in-policy-ids.ts';
import type { NewProduct } from '../../domain/catalog/commands.ts';
import { encodeId } from '../../domain/ids.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { type BootstrapNeeds, bootstrapContext } from './bootstrap-context.ts';

/** The catalog to open. The ids of its products follow from the command id (a UUID). */
export type NewCatalog = {
  readonly commandId: string;
  readonly organizationId: string;
  readonly products: readonly Omit<NewProduct, 'productId'>[];
};

/**
 * Opens the catalog of an organization with products and a policy of each tier for them. An open catalog stays as it is.
 */
export const bootstrapCatalog = async (
  { executor, now }: BootstrapNeeds,
  { commandId, organizationId: issuerOrgId, products: newProducts }: NewCatalog,
): Promise<{ readonly position: bigint }> => {
  const products = newProducts.map((product) => ({
    ...product,
    productId: encodeId('prd', aggregateId(commandId, product.code)),
  }));
  const at = now();
  const opened = await executor.execute(
    catalogAggregate,
    issuerOrgId,
    toDecide(catalogAggregate, {
      type: 'OpenCatalog',
      at,
      data: { issuerOrgId, products, policyIds: builtInPolicyIds(issuerOrgId) },
    }),
    { context: bootstrapContext(commandId, 'openCatalog', at), view: () => null },
  );
  if ('rejected' in opened) throw new Error(`The catalog was not opened: ${opened.detail}`);
  return { position: opened.position.commit };
};
