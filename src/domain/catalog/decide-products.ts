import { type Rejection, reject } from '../decider.ts';
import { isName, nameRule } from '../names.ts';
import type { OpenCatalog } from './catalog.ts';
import type { CatalogDecision, CatalogRejection, CommandOf, NewProduct } from './commands.ts';

/** Adds a product under a code that no product of this issuer ever had. */
export const createProduct = ({ data }: CommandOf<'CreateProduct'>, catalog: OpenCatalog): CatalogDecision => {
  const { productId, code, name, description } = data;
  if (catalog.products.has(productId)) return [];
  const wrong = refuseNewProduct(data) ?? refuseTaken(code, catalog.productIds);
  return wrong ?? [{ type: 'ProductCreated', data: { productId, code, name, description } }];
};

/** Names and describes a product anew; its code stays. */
export const changeProduct = ({ data }: CommandOf<'ChangeProduct'>, catalog: OpenCatalog): CatalogDecision => {
  const { productId, name, description } = data;
  const product = catalog.products.get(productId);
  if (product === undefined) return noProduct();
  if (product.archivedAt !== null) return reject('ARCHIVED', `The product ${product.code} is archived.`);
  const wrong = refuseWords(name, description);
  if (wrong !== null) return wrong;
  if (product.name === name && product.description === description) return [];
  return [{ type: 'ProductChanged', data: { productId, name, description } }];
};

/** Ends the sale of a product; licenses that cover it keep it. Again changes nothing. */
export const archiveProduct = ({ data }: CommandOf<'ArchiveProduct'>, catalog: OpenCatalog): CatalogDecision => {
  const product = catalog.products.get(data.productId);
  if (product === undefined) return noProduct();
  return product.archivedAt !== null ? [] : [{ type: 'ProductArchived', data: { productId: data.productId } }];
};

/** Refuses a product whose code, name or description can never be right. */
export const refuseNewProduct = ({ code, name, description }: NewProduct): Rejection<CatalogRejection> | null =>
  codePattern.test(code)
    ? refuseWords(name, description)
    : reject(
        'INVALID_REQUEST',
        'A product’s code has 2 to 40 characters: a–z, 0–9 and _, the first one a letter.',
        'code',
      );

/** Refuses a code that names a product already. */
export const refuseTaken = (
  code: string,
  taken: { readonly has: (code: string) => boolean },
): Rejection<CatalogRejection> | null =>
  taken.has(code)
    ? reject('CODE_TAKEN', `The code ${code} names another product; codes are never used twice.`, 'code')
    : null;

const codePattern = /^[a-z][a-z0-9_]{1,39}$/;
const descriptionMax = 2_000;

const refuseWords = (name: string, description: string | null): Rejection<CatalogRejection> | null => {
  if (!isName(name)) return reject('INVALID_REQUEST', nameRule('a product'), 'name');
  if (description === null || description.length <= descriptionMax) return null;
  return reject(
    'INVALID_REQUEST',
    `The description of a product has at most ${descriptionMax} characters.`,
    'description',
  );
};

const noProduct = () => reject('NOT_FOUND', 'This catalog has no such product.');
