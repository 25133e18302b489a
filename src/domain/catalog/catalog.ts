import type { At } from '../decider.ts';
import { ForkableMap } from '../forkable-map.ts';
import type { Instant } from '../time.ts';
import type { CatalogEvent, PolicyVersion } from './events.ts';

/** The state of a catalog stream that decisions are made on, and that licenses are issued from. */
export type Catalog = { readonly kind: 'unopened' } | OpenCatalog;

/** What an issuer sells. Owned by the fold, changed in place. */
export type OpenCatalog = {
  readonly kind: 'open';
  readonly issuerOrgId: string;
  /** By product id. */
  readonly products: ForkableMap<string, Product>;
  /** Product ids by code, those of archived products too: a code names one product for ever. */
  readonly productIds: ForkableMap<string, string>;
  readonly policies: ForkableMap<string, Policy>;
};

export type Product = {
  readonly code: string;
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: Instant;
  /** Null: on sale. */
  readonly archivedAt: Instant | null;
};

/** `versions`: oldest first, so version `n` is at `n - 1`, and in `versionsAt` the instant that it was made. */
export type Policy = {
  readonly versions: readonly PolicyVersion[];
  readonly versionsAt: readonly Instant[];
  /** Null: in use. */
  readonly archivedAt: Instant | null;
};

/** A stream without events. */
export const initial = (): Catalog => ({ kind: 'unopened' });

/** The catalog after one more event. Total; takes ownership of `catalog` and changes its collections in place. */
export const evolve = (catalog: Catalog, event: CatalogEvent, at: At): Catalog => {
  if (event.type === 'CatalogOpened')
    return {
      kind: 'open',
      issuerOrgId: event.data.issuerOrgId,
      products: new ForkableMap(),
      productIds: new ForkableMap(),
      policies: new ForkableMap(),
    };
  return catalog.kind === 'unopened' ? catalog : evolveOpen(catalog, event, at);
};

/** An independent copy: evolving one of the two leaves the other as it is. */
export const fork = (catalog: Catalog): Catalog =>
  catalog.kind === 'unopened'
    ? catalog
    : {
        ...catalog,
        products: catalog.products.fork(),
        productIds: catalog.productIds.fork(),
        policies: catalog.policies.fork(),
      };

// The one return is what makes a new event without a case fail to compile.
const evolveOpen = (
  catalog: OpenCatalog,
  event: Exclude<CatalogEvent, { type: 'CatalogOpened' }>,
  { recordedAt, effectiveAt }: At,
): OpenCatalog => {
  const { products, productIds, policies } = catalog;
  switch (event.type) {
    case 'ProductCreated': {
      const { productId, code, name, description } = event.data;
      products.set(productId, { code, name, description, createdAt: recordedAt, archivedAt: null });
      productIds.set(code, productId);
      return catalog;
    }
    case 'ProductChanged': {
      const { productId, name, description } = event.data;
      change(products, productId, { name, description });
      return catalog;
    }
    case 'ProductArchived':
      change(products, event.data.productId, { archivedAt: effectiveAt });
      return catalog;
    case 'PolicyCreated':
      policies.set(event.data.policy.policyId, {
        versions: [event.data],
        versionsAt: [recordedAt],
        archivedAt: null,
      });
      return catalog;
    case 'PolicyVersionAdded': {
      const { policyId } = event.data.policy;
      const { versions = [], versionsAt = [] } = policies.get(policyId) ?? {};
      change(policies, policyId, {
        versions: [...versions, event.data],
        versionsAt: [...versionsAt, recordedAt],
      });
      return catalog;
    }
    case 'PolicyArchived':
      change(policies, event.data.policyId, { archivedAt: effectiveAt });
      return catalog;
  }
};

const change = <Value extends object>(all: ForkableMap<string, Value>, key: string, changed: Partial<Value>): void => {
  const before = all.get(key);
  if (before !== undefined) all.set(key, { ...before, ...changed });
};
