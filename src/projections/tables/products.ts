import type { CatalogEvent } from '../../domain/catalog/events.ts';
import type { Instant } from '../../domain/time.ts';
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
