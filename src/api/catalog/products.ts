import { z } from 'zod';
import type { CatalogRequest } from '../../application/catalog/change-catalog.ts';
import {
  archiveProduct,
  type ChangedProduct,
  changeProduct,
  createProduct,
  noSuchProduct,
} from '../../application/catalog/change-product.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { listProducts, type ProductView, productById } from '../../projections/tables/products.ts';
import { entityTag } from '../conditional.ts';
import { archivedFilter, filtersOf, page } from '../paging.ts';
import { type ProblemCode, refused } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { cursor, idOf, pageLimit, pageOf, productCode, text } from '../schemas.ts';
import { answerCatalog, type CatalogNeeds } from './catalog-answer.ts';
import { nameIn } from './fields.ts';
import { productBody, productShape } from './product-shape.ts';

const productPath = z.strictObject({ productId: idOf('prd', 'prd_01h455vb4pex5vsknk084sn02q') });
const description = text(2_000).nullable();

const newProduct = z
  .strictObject({ code: productCode, name: nameIn, description: description.default(null) })
  .meta({ id: 'NewProduct', example: { code: 'local_cli', name: 'Local CLI' } });

const productChange = z
  .strictObject({ name: nameIn.optional(), description: description.optional() })
  .meta({ id: 'ProductChange', example: { name: 'Local CLI', description: 'Runs on the developer’s machine.' } });

/** GET /v1/products: what the organization sells or sold, newest first. */
export const listProductsRoute = ({ pool, secrets }: CatalogNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/products',
    operationId: 'listProducts',
    summary: 'List products',
    description: 'The products of your organization, newest first. A cursor goes with its filters.',
    tag: 'Catalog',
    permission: 'readCatalog',
    effect: 'read',
    request: z.object({
      params: none,
      query: z.strictObject({
        limit: pageLimit.optional(),
        cursor: cursor.optional(),
        code: productCode.optional(),
        archived: archivedFilter.optional(),
        q: text(200).optional().meta({ description: 'What the name begins with, in any case.' }),
      }),
    }),
    replies: { 200: { description: 'One page.', body: pageOf(productShape) } },
    rejections: [],
    handle: ({ query: { limit, cursor: from, ...filters } }, { caller: { organizationId: issuerOrgId } }) => {
      const filtered = filtersOf(filters);
      return page<ProductView>(
        secrets,
        { limit, cursor: from },
        `products\0${issuerOrgId}\0${filtered}`,
        (parameters) => `/v1/products?${filtered}${parameters}`,
        ({ productId }) => productId,
        (after, count) =>
          asTenant(pool, issuerOrgId, (db) => listProducts(db, { issuerOrgId, limit: count, after, ...filters })),
        (product) => productBody(product.productId, product),
      );
    },
  });

/** GET /v1/products/{productId} */
export const getProduct = ({ pool }: CatalogNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/products/{productId}',
    operationId: 'getProduct',
    summary: 'Get a product',
    description: 'The ETag is the revision of the whole catalog.',
    tag: 'Catalog',
    permission: 'readCatalog',
    effect: 'read',
    conditional: true,
    request: z.object({ params: productPath, query: none }),
    replies: { 200: { description: 'The product.', body: productShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { productId } }, { caller: { organizationId } }) => {
      const found = await asTenant(pool, organizationId, (db) => productById(db, organizationId, productId));
      if (found === null) return refused(noSuchProduct);
      return { status: 200, body: productBody(productId, found), headers: { ETag: entityTag(found.revision) } };
    },
  });

/** POST /v1/products: adds a product; the first one opens the catalog with a policy of each tier over it. */
export const createProductRoute = (needs: CatalogNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/products',
    operationId: 'createProduct',
    summary: 'Add a product',
    description:
      'Its code is what licenses name it by, for ever. The first product opens the catalog, with the policies FREE, TRIAL, PRO and ENTERPRISE over it; from then on licenses are issued for products and policies of the catalog only.',
    tag: 'Catalog',
    permission: 'changeCatalog',
    effect: 'append',
    request: z.object({ params: none, query: none, body: newProduct }),
    replies: { 201: { description: 'Added.', body: productShape, headers: ['Location', 'ETag'] } },
    rejections: ['CODE_TAKEN'],
    handle: ({ body }, call) => {
      const change = (request: CatalogRequest) => createProduct(needs, request, body);
      return answerCatalog(needs, call, { operation: 'createProduct', input: body, change }, (changed) => ({
        ...shown(changed),
        location: `/v1/products/${changed.view.productId}`,
      }));
    },
  });

/** PATCH /v1/products/{productId} */
export const changeProductRoute = (needs: CatalogNeeds): Route =>
  route({
    ...described('patch', 'changeProduct', 'Change a product', ['NOT_FOUND', 'ARCHIVED']),
    description: 'What is left out stays as it is; the code never changes.',
    request: z.object({ params: productPath, query: none, body: productChange }),
    handle: ({ params: { productId }, body }, call) => {
      const change = (request: CatalogRequest) => changeProduct(needs, request, productId, body);
      return answerCatalog(needs, call, { operation: 'changeProduct', input: { productId, body }, change }, shown);
    },
  });

/** DELETE /v1/products/{productId}: archives it. */
export const archiveProductRoute = (needs: CatalogNeeds): Route =>
  route({
    ...described('delete', 'archiveProduct', 'Archive a product', ['NOT_FOUND']),
    description: 'It is not sold any more; licenses that cover it keep it. Again changes nothing.',
    request: z.object({ params: productPath, query: none }),
    handle: ({ params: { productId } }, call) => {
      const change = (request: CatalogRequest) => archiveProduct(needs, request, productId);
      return answerCatalog(needs, call, { operation: 'archiveProduct', input: { productId }, change }, shown);
    },
  });

const described = (
  method: 'patch' | 'delete',
  operationId: string,
  summary: string,
  rejections: readonly ProblemCode[],
) =>
  ({
    method,
    path: '/v1/products/{productId}',
    operationId,
    summary,
    tag: 'Catalog',
    permission: 'changeCatalog',
    effect: 'append',
    conditional: true,
    rejections,
    replies: { 200: { description: 'The product after it.', body: productShape } },
  }) as const;

const shown = ({ view }: ChangedProduct) => ({ body: productBody(view.productId, view) });
