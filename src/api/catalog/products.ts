import { z } from 'zod';
import { archiveProduct } from '../../application/catalog/archive-product.ts';
import { changeProduct } from '../../application/catalog/change-product.ts';
import { createProduct } from '../../application/catalog/create-product.ts';
import { type ChangedProduct, noSuchProduct } from '../../application/catalog/product-view.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { listProducts, type ProductView, productById } from '../../projections/tables/products.ts';
import { entityTag } from '../http/conditional.ts';
import { answerOwnChange } from '../own-change.ts';
import { archivedFilter, organizationPage, smallerPages } from '../paging.ts';
import { refused } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { cursor, idOf, pageLimit, pageOf, productCode, text } from '../schemas.ts';
import { changesCatalog, nameIn } from './catalog-fields.ts';
import type { CatalogNeeds } from './catalog-needs.ts';
import { productBody, productShape } from './product-shape.ts';

const productPath = z.strictObject({ productId: idOf('prd', 'prd_01h455vb4pex5vsknk084sn02q') });
const description = text(2_000).nullable();

const newProduct = z
  .strictObject({ code: productCode, name: nameIn, description: description.default(null) })
  .meta({ id: 'NewProduct', example: { code: 'my_app', name: 'My app' } });

const productChange = z
  .strictObject({ name: nameIn.optional(), description: description.optional() })
  .meta({ id: 'ProductChange', example: { name: 'Local CLI', description: 'Runs on the developer’s machine.' } });

/** GET /v1/products: lists the products of the organization, newest first. */
export const listProductsRoute = (needs: CatalogNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/products',
    operationId: 'listProducts',
    summary: 'List products',
    description:
      'The products of your organization, newest first. A cursor works only with the filters that it was returned for.',
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
        q: text(200).optional().meta({ description: 'The beginning of the name, in upper or lower case.' }),
      }),
    }),
    bounded: smallerPages,
    replies: { 200: { description: 'One page.', body: pageOf(productShape) } },
    rejections: [],
    handle: ({ query }, { caller: { organizationId } }) =>
      organizationPage<ProductView>(needs, query, {
        list: 'products',
        organizationId,
        placeOf: ({ productId }) => productId,
        read: (db, page) => listProducts(db, { ...query, ...page, issuerOrgId: organizationId }),
        bodyOf: (product) => productBody(product.productId, product),
      }),
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
      const product = await asTenant(pool, organizationId, (db) => productById(db, organizationId, productId));
      if (product === null) return refused(noSuchProduct);
      return { status: 200, body: productBody(productId, product), headers: { ETag: entityTag(product.revision) } };
    },
  });

/** POST /v1/products: adds a product. The first product opens the catalog, with a policy of each tier for it. */
export const createProductRoute = (needs: CatalogNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/products',
    operationId: 'createProduct',
    summary: 'Add a product',
    description:
      'Licenses name a product by its code, which never changes. The first product opens the catalog, with the policies FREE, TRIAL, PRO and ENTERPRISE for it. From then on licenses are issued only for products and policies of the catalog.',
    tag: 'Catalog',
    permission: 'changeCatalog',
    effect: 'append',
    request: z.object({ params: none, query: none, body: newProduct }),
    replies: { 201: { description: 'The product was added.', body: productShape, headers: ['Location', 'ETag'] } },
    rejections: ['CODE_TAKEN'],
    handle: ({ body }, call) =>
      answerOwnChange(
        needs,
        call,
        { operation: 'createProduct', input: body, change: (request) => createProduct(needs, request, body) },
        (changed) => ({ ...show(changed), location: `/v1/products/${changed.view.productId}` }),
      ),
  });

/** PATCH /v1/products/{productId} */
export const changeProductRoute = (needs: CatalogNeeds): Route =>
  route({
    ...changesProduct,
    method: 'patch',
    operationId: 'changeProduct',
    summary: 'Change a product',
    rejections: ['NOT_FOUND', 'ARCHIVED'],
    description: 'Absent fields stay as they are. The code never changes.',
    request: z.object({ params: productPath, query: none, body: productChange }),
    handle: ({ params: { productId }, body }, call) =>
      answerOwnChange(
        needs,
        call,
        {
          operation: 'changeProduct',
          input: { productId, body },
          change: (request) => changeProduct(needs, request, productId, body),
        },
        show,
      ),
  });

/** DELETE /v1/products/{productId}: archives a product. */
export const archiveProductRoute = (needs: CatalogNeeds): Route =>
  route({
    ...changesProduct,
    method: 'delete',
    operationId: 'archiveProduct',
    summary: 'Archive a product',
    rejections: ['NOT_FOUND'],
    description: 'The product is no longer sold. Licenses that cover it keep it. Archiving it again changes nothing.',
    request: z.object({ params: productPath, query: none }),
    handle: ({ params: { productId } }, call) =>
      answerOwnChange(
        needs,
        call,
        {
          operation: 'archiveProduct',
          input: { productId },
          change: (request) => archiveProduct(needs, request, productId),
        },
        show,
      ),
  });

const changesProduct = {
  ...changesCatalog,
  path: '/v1/products/{productId}',
  replies: { 200: { description: 'The product after the change.', body: productShape } },
} as const;

const show = ({ view }: ChangedProduct) => ({ body: productBody(view.productId, view) });
