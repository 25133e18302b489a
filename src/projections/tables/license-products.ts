import type { LicenseFacts } from '../../domain/license/license.ts';
import { recordedStatus } from '../../domain/license/recorded-status.ts';
import { make, type Write } from '../fold/changes.ts';
import { columnsFor, rowMaker, typesOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of a product of a license is made of. */
type Product = { readonly facts: LicenseFacts; readonly product: string };

const column = columnsFor<Product>();
const columns = {
  issuer_org_id: column('text', ({ facts }) => facts.issuerOrgId),
  holder_org_id: column('text', ({ facts }) => facts.holderOrgId),
  license_id: column('text', ({ facts }) => facts.licenseId),
  product: column('text', ({ product }) => product),
  created_at: column('timestamptz', ({ facts }) => facts.createdAt),
  policy_id: column('text', ({ facts }) => facts.policy.policyId),
  tier: column('text', ({ facts }) => facts.policy.tier),
  recorded_status: column('text', ({ facts }) => recordedStatus(facts).status),
  expires_at: column('timestamptz', ({ facts }) => facts.term.expiresAt),
  removed: column('boolean', ({ facts, product }) => !facts.products.includes(product)),
};

/** `rm.license_products`: the present and former products of a license (db/read-models/011-license-products.sql). */
export const licenseProducts = {
  name: 'license_products',
  key: ['issuer_org_id', 'license_id', 'product'],
  columns: typesOf(columns),
} satisfies Table;

const productRow = rowMaker(columns);

/** Returns what an event does to the rows of a license's products. `before` null: the event issues the license. */
export const productWrites = (before: LicenseFacts | null, after: LicenseFacts): readonly Write[] => {
  if (before !== null && isSameForProducts(before, after)) return [];
  const products = new Set([...(before?.products ?? []), ...after.products]);
  return [...products].map((product) => make(licenseProducts, productRow({ facts: after, product })));
};

// The fold keeps the same list while an event does not change it.
const isSameForProducts = (before: LicenseFacts, after: LicenseFacts): boolean =>
  before.products === after.products &&
  before.holderOrgId === after.holderOrgId &&
  before.policy.policyId === after.policy.policyId &&
  before.policy.tier === after.policy.tier &&
  before.term.expiresAt === after.term.expiresAt &&
  recordedStatus(before).status === recordedStatus(after).status;
