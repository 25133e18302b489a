import { isWithinProducts } from '../../domain/authority.ts';
import { noSuchLicense } from '../../domain/license/license-authority.ts';
import { noSuchKey } from '../../domain/organization/organization-authority.ts';
import { productScope } from '../../postgres/product-scope.ts';
import { type Problem, refused } from '../problems/problems.ts';
import type { Reply } from '../route.ts';

/**
 * Returns a stored answer, or a refusal when it shows a license or an API key with products that the caller no longer
 * reaches. The products of an API key can be narrowed after its first request.
 */
export const reachable = (stored: Reply): Reply | Problem => {
  const limit = productScope();
  if (limit === null) return stored;
  const { license, apiKey }: Shown = stored.body;
  if (license !== undefined && !isWithinProducts(license.products, limit)) return refused(noSuchLicense);
  if (apiKey === undefined) return stored;
  const { products } = apiKey;
  return products !== null && isWithinProducts(products, limit) ? stored : refused(noSuchKey);
};

/** What answers show of products. An API key without products reaches all. */
type Shown = {
  readonly license?: { readonly products: readonly string[] };
  readonly apiKey?: { readonly products: readonly string[] | null };
};
