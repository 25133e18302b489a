import type { PoolClient } from 'pg';
import type { CatalogEvent } from '../../domain/catalog/events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import { beginsWith } from './prefix.ts';
import type { Row, Table } from './rows.ts';

/** `rm.products`: what an issuer sells, or sold (db/read-models/081-products.sql). */
export const products: Table = {
  name: 'products',
  key: ['issuer_org_id', 'product_id'],
  columns: {
    ...{ issuer_org_id: 'text', product_id: 'text', code: 'text', name: 'text', description: 'text' },
    ...{ created_at: 'timestamptz', archived_at: 'timestamptz' },
  },
};

/** The row of a new product. */
export const productRow = (
  issuerOrgId: string,
  creation: Extract<CatalogEvent, { type: 'ProductCreated' }>['data'],
  createdAt: Instant,
): Row => ({
  issuer_org_id: issuerOrgId,
  product_id: creation.productId,
  code: creation.code,
  name: creation.name,
  description: creation.description,
  created_at: createdAt,
  archived_at: null,
});

/** A product as the API shows it. `archivedAt` null: on sale. */
export type ProductView = {
  readonly productId: string;
  readonly code: string;
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: Instant;
  readonly archivedAt: Instant | null;
};

type Listing = {
  readonly issuerOrgId: string;
  /** Rows at most; ask for one more than is shown to know whether there is a next page. */
  readonly limit: number;
  /** The last product of the page before; null: from the newest. */
  readonly after: string | null;
  readonly code?: string | undefined;
  readonly archived?: boolean | undefined;
  /** What the name begins with, in any case. */
  readonly q?: string | undefined;
};

/** The products of an issuer, newest first. A page is not shifted by products added meanwhile. For asTenant of the issuer. */
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
  const { rows } = await db.query<ProductRow>({
    text: `select ${columns} from rm.products p where ${conditions.join(' and ')}
      order by p.created_at desc, p.product_id desc limit $2`,
    values,
  });
  return rows.map(viewOf);
};

/** A product with the revision of its issuer's catalog, or null. For asTenant of the issuer. */
export const productById = async (
  db: PoolClient,
  issuerOrgId: string,
  productId: string,
): Promise<(ProductView & { readonly revision: bigint }) | null> => {
  const { rows } = await db.query<ProductRow & { readonly revision: string }>({
    name: 'product-by-id',
    text: `select ${columns}, c.revision from rm.products p join rm.catalogs c using (issuer_org_id)
      where p.issuer_org_id = $1 and p.product_id = $2`,
    values: [issuerOrgId, productId],
  });
  const [row] = rows;
  return row === undefined ? null : { ...viewOf(row), revision: BigInt(row.revision) };
};

const columns = `p.product_id, p.code, p.name, p.description, ${epochMs('p.created_at')} as created_ms,
  ${epochMs('p.archived_at')} as archived_ms`;

type ProductRow = {
  readonly product_id: string;
  readonly code: string;
  readonly name: string;
  readonly description: string | null;
  readonly created_ms: string;
  readonly archived_ms: string | null;
};

const viewOf = (row: ProductRow): ProductView => ({
  productId: row.product_id,
  code: row.code,
  name: row.name,
  description: row.description,
  createdAt: fromMs(Number(row.created_ms)),
  archivedAt: row.archived_ms === null ? null : fromMs(Number(row.archived_ms)),
});
