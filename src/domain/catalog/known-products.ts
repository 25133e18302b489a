import { type Rejection, reject } from '../decider.ts';
import type { Catalog } from './catalog.ts';

/**
 * Refuses codes that the catalog does not know and that are not among `kept`. The refusal names the place of the first
 * one. Archived products are known, because licenses keep them. Without an open catalog each code may be that of a
 * product.
 */
export const refuseUnknownProducts = (
  codes: readonly string[],
  catalog: Catalog,
  kept: readonly string[] = [],
): Rejection<'INVALID_REQUEST'> | null => {
  if (catalog.kind === 'unopened') return null;
  const index = codes.findIndex((code) => !catalog.productIds.has(code) && !kept.includes(code));
  if (index === -1) return null;
  const detail = `This catalog has no product ${JSON.stringify(codes[index])}. Correct the code, or add the product first.`;
  return reject('INVALID_REQUEST', detail, 'products', index);
};
