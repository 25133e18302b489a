import { type Rejection, reject } from '../decider.ts';
import { isName, nameRule, productCodePattern } from '../names.ts';
import type { OpenCatalog } from './catalog.ts';
import type { CatalogDecision, CatalogRejection, CommandOf, NewProduct } from './commands.ts';

/** Adds a product with a code that no other product of this issuer ever had. */
export const createProduct = ({ data }: CommandOf<'CreateProduct'>, catalog: OpenCatalog): CatalogDecision => {
  const { productId, code, name, description } = data;
  if (catalog.products.has(productId)) return [];
  const refusal = refuseNewProduct(data) ?? refuseTaken(code, catalog.productIds);
  return refusal ?? [{ type: 'ProductCreated', data: { productId, code, name, description } }];
};

/** Changes the name and the description of a product. Its code stays. */
export const changeProduct = ({ data }: CommandOf<'ChangeProduct'>, catalog: OpenCatalog): CatalogDecision => {
  const { productId, name, description } = data;
  const product = catalog.products.get(productId);
  if (product === undefined) return noProduct();
  if (product.archivedAt !== null) return reject('ARCHIVED', `The product ${product.code} is archived.`);
  const refusal = refuseWords(name, description);
  if (refusal !== null) return refusal;
  if (product.name === name && product.description === description) return [];
  return [{ type: 'ProductChanged', data: { productId, name, description } }];
};

/** Ends the sale of a product. Its licenses keep it. Changes nothing when it is archived. */
export const archiveProduct = ({ data }: CommandOf<'ArchiveProduct'>, catalog: OpenCatalog): CatalogDecision => {
  const product = catalog.products.get(data.productId);
  if (product === undefined) return noProduct();
  return product.archivedAt !== null ? [] : [{ type: 'ProductArchived', data: { productId: data.productId } }];
};

/** Refuses an invalid code, name or description of a product. */
export const refuseNewProduct = ({ code, name, description }: NewProduct): Rejection<CatalogRejection> | null =>
  productCodePattern.test(code)
    ? refuseWords(name, description)
    : reject(
        'INVALID_REQUEST',
        'A product’s code has 2 to 40 characters: a–z, 0–9, _ and -, the first one a letter.',
        'code',
      );

/** Refuses a code that another product has, or had. */
export const refuseTaken = (
  code: string,
  codes: { readonly has: (code: string) => boolean },
): Rejection<CatalogRejection> | null =>
  codes.has(code)
    ? reject('CODE_TAKEN', `The code ${code} names another product; codes are never used twice.`, 'code')
    : null;

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
