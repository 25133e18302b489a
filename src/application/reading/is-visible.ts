import { isWithinProducts } from '../../domain/authority.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { isPartyTo } from '../../domain/license/license-authority.ts';

/**
 * Returns true for a license that the organization issues or holds, with only products that the request reaches. It is
 * for licenses from their streams; row-level security answers for rows. The caller gives the products of the request,
 * because a callback of the executor may run in the context of another request.
 */
export const isVisible = (
  facts: Pick<LicenseFacts, 'issuerOrgId' | 'holderOrgId' | 'products'>,
  organizationId: string,
  products: readonly string[] | null,
): boolean => isPartyTo(facts, organizationId) && isWithinProducts(facts.products, products);
