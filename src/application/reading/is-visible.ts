import { isWithinProducts } from '../../domain/authority.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { isPartyTo } from '../../domain/license/license-authority.ts';
import { productScope } from '../../postgres/product-scope.ts';

/**
 * Returns true for a license that the organization issues or holds, with only products that the present request
 * reaches. It is for licenses from their streams; row-level security answers for rows.
 */
export const isVisible = (
  facts: Pick<LicenseFacts, 'issuerOrgId' | 'holderOrgId' | 'products'>,
  organizationId: string,
): boolean => isPartyTo(facts, organizationId) && isWithinProducts(facts.products, productScope());
