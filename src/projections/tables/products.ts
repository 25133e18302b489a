import type { PoolClient } from 'pg';
import type { CatalogEvent } from '../../domain/catalog/events.ts';
import type { Instant } from '../../domain/time.ts';
import { beginsWith } from '../queries/prefix.ts';
import { columnsFor, joined, noInstantYet, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of a new product is made of. */
type Creation = {
  readonly issuerOrgId: string;
  readonly data: Extract<CatalogEvent, { type: 'ProductCreated' }>['data'];
  readonly createdAt: Instant;
};

const column = columnsFor<Creation>();
const columns = {
  issuer_org_id: column('text', ({ issuerOrgId }) => issuerOrgId),
  product_id: column('text', ({ data }) => data.productId, 'productId'),
  code: column('text', ({ data }) => data.code, 'code'),
  name: column('text', ({ data }) => data.name, 'name'),
  description: column('text', ({ data }) => data.description, 'description'),
  created_at: column('timestamptz', ({ createdAt }) => createdAt, 'createdAt'),
  archived_at: column('timestamptz', noInstantYet, 'archivedAt'),
};

/** `rm.products`: the present and former products of an issuer (db/read-models/081-products.sql). */
export const products = {
  name: 'products',
  key: ['issuer_org_id', 'product_id'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a new product. */
export const productRow = rowMaker(columns);

const view = viewOf('p', columns);
const viewWithRevision = viewOf('p', columns, { revision: joined<bigint>('bigint', 'c.revision') });

/** A product as the API shows it. `archivedAt` null: it is on sale. */
export type ProductView = View<typeof columns>;

type Listing = {
  readonly issuerOrgId: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** The last product of the previous page; null: the first page. */
  readonly after: string | null;
  readonly code?: string | undefined;
  readonly archived?: boolean | undefined;
  /** The beginning of the name, in upper or lower case. */
  readonly q?: string | undefined;
};

/**
 * Returns a page of the products of an issuer, newest first. Products that are added meanwhile do not shift a page. For
 * asTenant of the issuer.
 */
export const listProducts = async (db: PoolClient, listing: Listing): Promise<readonly ProductView[]> => {
  const { issuerOrgId, limit, after, code, archived, q } = listing;
  const values: unknown[] = [issuerOrgId, limit];
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const conditions = [
    'p.issuer_org_id = $1',
    after === null
      ? []
      : `(p.created_at, p.product_id) < (select c.created_at, c.product_id from rm.products c
          where c.issuer_org_id = $1 and c.product_id = ${parameter(after)})`,
    code === undefined ? [] : `p.code = ${parameter(code)}`,
    archived === undefined ? [] : `p.archived_at is ${archived ? 'not null' : 'null'}`,
    q === undefined ? [] : beginsWith('p.name_lower', parameter(q)),
  ].flat();
  const { rows } = await db.query<unknown[]>({
    text: `select ${view.select} from rm.products p where ${conditions.join(' and ')}
      order by p.created_at desc, p.product_id desc limit $2`,
    values,
    rowMode: 'array',
  });
  return rows.map(view.read);
};

/** Returns a product with the revision of its issuer's catalog, or null. For asTenant of the issuer. */
export const productById = async (
  db: PoolClient,
  issuerOrgId: string,
  productId: string,
): Promise<(ProductView & { readonly revision: bigint }) | null> => {
  const { rows } = await db.query<unknown[]>({
    name: 'product-by-id',
    text: `select ${viewWithRevision.select} from rm.products p join rm.catalogs c using (issuer_org_id)
      where p.issuer_org_id = $1 and p.product_id = $2`,
    values: [issuerOrgId, productId],
    rowMode: 'array',
  });
  return rows[0] === undefined ? null : viewWithRevision.read(rows[0]);
};
