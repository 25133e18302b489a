import { catalogTexts } from '../../texts/catalog-texts.ts';
import type { Policy, Product } from '../../types.ts';

type Listed = Pick<Product, 'code' | 'name' | 'archivedAt'>;

/** Returns the products on sale as choices, and the products of `codes` that are not on sale or not listed. */
export const productChoices = (
  listed: readonly Listed[],
  codes: readonly string[],
): readonly { readonly value: string; readonly text: string }[] => {
  const known = listed
    .filter(({ code, archivedAt }) => archivedAt === null || codes.includes(code))
    .map(({ code, name, archivedAt }) => ({
      value: code,
      text: `${name} (${archivedAt === null ? code : `${code}, ${catalogTexts.archived}`})`,
    }));
  const unknown = [...new Set(codes)].filter((code) => !listed.some((product) => product.code === code));
  return [...known, ...unknown.map((code) => ({ value: code, text: code }))];
};

/** Returns the codes of the archived products in a list. */
export const archivedCodes = (listed: readonly Listed[]): readonly string[] =>
  listed.filter(({ archivedAt }) => archivedAt !== null).map(({ code }) => code);

/** Returns a policy with the products that a new license gets. The server refuses one whose products are all archived. */
export const onSaleIn = (policy: Policy, archived: readonly string[]): Policy => {
  const products = policy.products.filter((code) => !archived.includes(code));
  return products.length === 0 ? policy : { ...policy, products };
};
