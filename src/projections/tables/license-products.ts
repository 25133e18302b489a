import type { LicenseFacts } from '../../domain/license/license.ts';
import { make, type Write } from '../fold/changes.ts';
import type { Table } from './rows.ts';

/** `rm.license_products`: what a license is, or was, good for (db/read-models/011-license-products.sql). */
export const licenseProducts: Table = {
  name: 'license_products',
  key: ['issuer_org_id', 'license_id', 'product'],
  columns: {
    ...{ issuer_org_id: 'text', holder_org_id: 'text', license_id: 'text', product: 'text' },
    ...{ created_at: 'timestamptz', removed: 'boolean' },
  },
};

/** What an event that led from one to the other does to the rows of a license's products. `before` null: it began. */
export const productWrites = (before: LicenseFacts | null, after: LicenseFacts): readonly Write[] => {
  // The fold keeps what it does not change.
  if (before?.products === after.products && before.holderOrgId === after.holderOrgId) return [];
  return [...new Set([...(before?.products ?? []), ...after.products])].map((product) =>
    make(licenseProducts, {
      issuer_org_id: after.issuerOrgId,
      holder_org_id: after.holderOrgId,
      license_id: after.licenseId,
      product,
      created_at: after.createdAt,
      removed: !after.products.includes(product),
    }),
  );
};
